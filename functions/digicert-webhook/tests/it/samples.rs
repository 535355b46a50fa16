use harness::{check_samples, masked};
use serde_json::Value;

use crate::{BINARY, KEY};

#[tokio::test]
async fn samples() {
    let outcome = check_samples(BINARY, "digicert-webhook").await.unwrap();

    // The queue holds exactly the acknowledged events, complete.
    let mut queued: Vec<String> = Vec::new();
    for message in &outcome.messages {
        let envelope: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
        let shape =
            masked(envelope.clone(), &["receivedtime", "secretversion", "time", "traceparent"]);
        insta::assert_json_snapshot!("envelope", shape);
        assert_eq!(message["MessageAttributes"]["type"]["StringValue"], envelope["type"]);
        assert_eq!(message["MessageAttributes"]["provider"]["StringValue"], "digicert");
        assert_eq!(message["Attributes"]["MessageGroupId"], "/digicert/certcentral");
        queued.push(envelope["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(queued.len(), outcome.acknowledged.len());
    assert!(queued.iter().all(|id| *id == outcome.acknowledged[0]), "a redelivery has the same id");

    // Each invocation that counted something wrote one line of metrics.
    let lines = outcome.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let metrics: Vec<Value> = lines.collect();
    let sum = |name: &str| metrics.iter().filter_map(|line| line[name].as_u64()).sum::<u64>();
    assert_eq!(usize::try_from(sum("Accepted")).unwrap(), queued.len());
    assert_eq!(sum("Refused"), 2 * 3);

    let lines = outcome.stderr.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"))
    });
    let lines: Vec<Value> = lines.collect();
    // By these fields a line is joined with Lambda's own, with X-Ray and with the access log.
    for line in lines.iter().chain(&metrics) {
        assert_eq!(line["xray_trace_id"], "1-5759e988-bd862e3fe1be46a994272793", "{line}");
        assert_eq!(line["cold_start"], line["function_request_id"] == "invocation-1", "{line}");
    }
    assert_eq!(sum("ColdStart"), 1);
    let accepted = lines.into_iter().rfind(|line| line["message"] == "accepted");
    let shape = masked(accepted.unwrap(), &["timestamp", "version"]);
    insta::assert_json_snapshot!("log_line", shape);
    let log = outcome.stdout + &outcome.stderr;
    for secret in [KEY, "this is not base64", "x-webhook-key", "certificate_id"] {
        assert!(!log.to_lowercase().contains(secret), "{secret}: {log}");
    }
}
