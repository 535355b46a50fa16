use std::time::Duration;

use http::StatusCode;

use crate::fakes::{CURRENT, Queue, Source, intake, post, stages};

#[tokio::test]
async fn a_failing_queue_is_503() {
    let queue = Queue { fails: true, ..Queue::default() };
    let intake = intake(&queue, &Source::of(stages(0)));
    assert_eq!(post(&intake, CURRENT).await, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_queue_slower_than_seven_seconds_is_503() {
    for (seconds, status) in [(6, StatusCode::OK), (8, StatusCode::SERVICE_UNAVAILABLE)] {
        let queue = Queue { latency: Duration::from_secs(seconds), ..Queue::default() };
        let intake = intake(&queue, &Source::of(stages(0)));
        assert_eq!(post(&intake, CURRENT).await, status, "{seconds} s");
        let sent = queue.sent.lock().unwrap().len();
        assert_eq!(sent, usize::from(status == StatusCode::OK));
    }
}

/// The message has body, attributes and fair-queue group.
#[tokio::test]
async fn an_accepted_event_is_on_the_queue() {
    let queue = Queue::default();
    post(&intake(&queue, &Source::of(stages(0))), CURRENT).await;
    let sent = queue.sent.lock().unwrap();
    let [message] = &sent[..] else { panic!("{} messages", sent.len()) };
    assert_eq!(message.kind, "com.digicert.certcentral.certificate_issued");
    assert_eq!(message.group, "/digicert/certcentral");
    assert!(message.body.contains(r#""data":{"event":"certificate_issued","data""#));
    assert_eq!((message.delay, message.expires), (Duration::ZERO, None));
}
