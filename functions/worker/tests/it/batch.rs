use harness::{InvocationResult, expected, failed_start, masked};
use serde_json::{Value, json};
use simulator::{Fault, Rule};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::stage::{API_KEY, Stage, sample_batch};

/// The batch with events that were received just now.
fn fresh(batch: &Value) -> Value {
    let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap();
    serde_json::from_str(&batch.to_string().replace("2026-08-16T09:30:00.000000Z", &now)).unwrap()
}

/// The records of `batch` at the positions in `keep`.
fn only(batch: &Value, keep: &[usize]) -> Value {
    json!({ "Records": keep.iter().map(|index| batch["Records"][index].clone()).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_bad_record_among_good_ones_fails_alone() {
    let mut stage = Stage::set().await;
    let batch = sample_batch();
    let bad = expected("worker.sqs.json").unwrap()["failures"].take();
    assert_eq!(json!(stage.batch(&batch).await), bad);

    let mut delivered = stage.bodies(&stage.deliveries).await;
    delivered.sort_by_key(|event| event["type"].to_string() + &event["subject"].to_string());
    let summary: Vec<_> = delivered
        .iter()
        .map(|event| {
            let outcome = event["data"]["callback"]["outcome"].as_str().unwrap();
            (event["type"].as_str().unwrap(), event["subject"].as_str().unwrap(), outcome)
        })
        .collect();
    assert_eq!(
        summary,
        [
            ("certhooks.certificate.issued", "cloudflare/hostname/blog.example.com", "queried"),
            ("certhooks.certificate.issued", "digicert/certificate/23456", "downloaded"),
        ]
    );
    assert!(delivered[1]["data"]["certificates"].as_array().unwrap().len() > 1);
    // The simulator has another authority in each run.
    let names = [
        "fingerprint_sha256",
        "not_after",
        "not_before",
        "pem_chain",
        "serial_number",
        "spki_sha256",
        "tbs_sha256",
        "traceparent",
    ];
    let shape = masked(delivered[1].clone(), &names);
    insta::assert_json_snapshot!("certificate_event", shape);

    // The archive holds the received envelope under provider, day of receipt and id.
    let id = delivered[1]["id"].as_str().unwrap();
    let archived =
        stage.emulator.object("archive", &format!("digicert/2026/08/16/{id}")).await.unwrap();
    let sent: Value = serde_json::from_str(batch["Records"][0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&archived).unwrap(), sent);

    // A repeat is acknowledged and not delivered again.
    assert_eq!(json!(stage.batch(&batch).await), bad);
    assert_eq!(stage.bodies(&stage.deliveries).await, [] as [Value; 0]);

    let (stdout, stderr) = stage.worker.stop().await.unwrap();
    // Every line about a message has its ids, also about one that cannot be read.
    let lines: Vec<Value> =
        stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |name: &str, id: &Value| -> Vec<&str> {
        let about = lines.iter().filter(|line| line[name] == *id);
        about.filter_map(|line| line["message"].as_str()).collect()
    };
    let (good, bad) = (&batch["Records"][0]["messageId"], &batch["Records"][1]["messageId"]);
    let way = ["called back", "delivered", "delivered before; acknowledged"];
    assert_eq!(said("sqs_message_id", good), way);
    assert_eq!(said("id", &delivered[1]["id"]), way);
    assert_eq!(said("sqs_message_id", bad), ["leaving it for redelivery"; 2]);
    for name in ["Delivered", "Duplicates", "Callback", "CallbackDuration", "Age"] {
        assert!(stdout.contains(&format!("\"Name\":\"{name}\"")), "{name}: {stdout}");
    }
    for secret in [API_KEY, "any-token", "this is not JSON", "BEGIN CERTIFICATE"] {
        assert!(!(stdout.clone() + &stderr).contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_outage_of_a_provider_requeues_its_events() {
    let mut stage = Stage::set().await;
    stage.simulator.faults().set([Rule::new("/services/v2", Fault::ServerError { status: None })]);
    let batch = fresh(&only(&sample_batch(), &[0, 2]));
    assert_eq!(stage.batch(&batch).await, [] as [String; 0]);

    let delivered = stage.bodies(&stage.deliveries).await;
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0]["data"]["provider"], "cloudflare");
    let queue = json!({ "QueueUrl": stage.events, "AttributeNames": ["All"] });
    let queue = stage.emulator.call("sqs", "AmazonSQS.GetQueueAttributes", queue).await.unwrap();
    assert_eq!(queue["Attributes"]["ApproximateNumberOfMessagesDelayed"], "1", "{queue}");

    // The claim was released, so the next attempt does not wait for the lease.
    stage.simulator.faults().clear();
    assert_eq!(stage.batch(&only(&batch, &[0])).await, [] as [String; 0]);
    let delivered = stage.bodies(&stage.deliveries).await;
    assert_eq!(delivered[0]["data"]["callback"]["outcome"], "downloaded");

    // Its alarm counts from the receipt, since each attempt is a new message.
    let (stdout, _) = stage.worker.stop().await.unwrap();
    let waiting = stdout.lines().find(|line| line.contains("\"WaitingAge\"")).unwrap();
    let waiting: Value = serde_json::from_str(waiting).unwrap();
    assert_eq!(waiting["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
}

#[tokio::test]
async fn an_invalid_batch_fails_only_its_invocation() {
    let mut stage = Stage::set().await;
    for event in ["{}", "[", r#"{"Records":{}}"#] {
        let InvocationResult::Error(_) = stage.worker.invoke(event).await.unwrap() else {
            panic!("{event}")
        };
    }
    // A record without an id can only stay on the queue with the whole batch.
    let mut batch = sample_batch();
    batch["Records"][1].as_object_mut().unwrap().remove("messageId");
    let InvocationResult::Error(error) = stage.worker.invoke(batch.to_string()).await.unwrap()
    else {
        panic!()
    };
    assert!(error["errorMessage"].as_str().unwrap().contains("messageId"), "{error}");
    assert_eq!(stage.bodies(&stage.deliveries).await.len(), 2);

    assert_eq!(stage.batch(&only(&sample_batch(), &[0, 2])).await, [] as [String; 0]);
    assert_eq!(stage.bodies(&stage.deliveries).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_missing_variable_stops_the_start_with_its_name() {
    let all = ["EVENTS_QUEUE_URL", "DELIVERIES_QUEUE_URL", "LEDGER_TABLE", "ARCHIVE_BUCKET"];
    for missing in all {
        let problem = match missing {
            "DELIVERIES_QUEUE_URL" => "is required, or DELIVERIES_TOPIC_ARN, but neither is set",
            _ => "is required, but not set",
        };
        let given = all.iter().filter(|name| **name != missing);
        let given: Vec<_> = given.map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let (success, log) = failed_start(env!("CARGO_BIN_EXE_worker"), &given).await.unwrap();
        assert!(!success);
        let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert_eq!(last["error"], format!("{missing}: {problem}"));
    }
}
