use std::collections::BTreeSet;
use std::time::Duration;

use aws::SqsEvents;
use envelope::Provider;
use ports::{EventsQueue, Outgoing};
use serde_json::json;

use crate::stage::stage;

fn message(body: String) -> Outgoing {
    Outgoing {
        provider: Provider::DIGICERT,
        kind: "com.digicert.certcentral.certificate_issued".into(),
        group: "digicert/order/1".into(),
        body,
        received: None,
        delay: Duration::ZERO,
        expires: None,
    }
}

#[tokio::test]
async fn many_and_large_messages_all_arrive() {
    let stage = stage().await;
    let url = stage.emulator.create_queue("events").await.unwrap();
    let queue = SqsEvents::new(&stage.session, &url);
    queue.warm().await.unwrap();

    let small = (0..95).map(|index| format!("{{\"n\":{index},\"odd\":\"\u{ffff}\"}}"));
    let large = (0..5).map(|index| format!("\"{index}{}\"", "x".repeat(600 * 1024)));
    let sent: Vec<String> = small.chain(large).collect();
    queue.send(sent.iter().cloned().map(message).collect()).await.unwrap();

    let received = stage.emulator.receive_all(&url).await.unwrap();
    let bodies: BTreeSet<String> =
        received.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect();
    let expected: BTreeSet<String> =
        sent.iter().map(|body| body.replace('\u{ffff}', "\\uffff")).collect();
    assert_eq!(received.len(), sent.len());
    assert!(bodies == expected, "a body has changed");
    for message in received {
        let attribute = |name: &str| message["MessageAttributes"][name]["StringValue"].clone();
        assert_eq!(attribute("type"), "com.digicert.certcentral.certificate_issued");
        assert_eq!(attribute("provider"), "digicert");
        assert_eq!(message["Attributes"]["MessageGroupId"], "digicert/order/1");
    }
}

#[tokio::test]
async fn a_delayed_message_is_not_received_yet() {
    let stage = stage().await;
    let url = stage.emulator.create_queue("events").await.unwrap();
    let delayed = Outgoing { delay: Duration::from_secs(900), ..message("{}".into()) };
    SqsEvents::new(&stage.session, &url).send(vec![delayed]).await.unwrap();

    assert!(stage.emulator.receive_all(&url).await.unwrap().is_empty());
    let request = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let queue = stage.emulator.call("sqs", "AmazonSQS.GetQueueAttributes", request).await.unwrap();
    assert_eq!(queue["Attributes"]["ApproximateNumberOfMessagesDelayed"], "1");
}

#[tokio::test]
async fn an_error_names_the_variable_and_quotes_no_message() {
    let stage = stage().await;
    let url = stage.emulator.create_queue("events").await.unwrap();
    let missing = SqsEvents::new(&stage.session, format!("{url}-missing"));
    let error = missing.send(vec![message("\"the body\"".into())]).await.unwrap_err().to_string();
    assert!(error.starts_with("EVENTS_QUEUE_URL: SendMessageBatch: "), "{error}");
    assert!(missing.warm().await.is_err());

    let too_large = message("x".repeat(1024 * 1024 + 1));
    let queue = SqsEvents::new(&stage.session, &url);
    let error =
        queue.send(vec![too_large, message("\"fits\"".into())]).await.unwrap_err().to_string();
    assert!(error.starts_with("EVENTS_QUEUE_URL: SendMessageBatch: "), "{error}");
    assert!(!error.contains("xxx"), "{error}");
}
