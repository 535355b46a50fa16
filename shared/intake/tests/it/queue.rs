use std::time::Duration;

use http::StatusCode;

use crate::fakes::{CURRENT, Queue, Source, door, post, stages};

#[tokio::test]
async fn a_queue_that_refuses_is_503() {
    let queue = Queue { fails: true, ..Queue::default() };
    let door = door(&queue, &Source::of(stages(0)));
    assert_eq!(post(&door, CURRENT).await, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_takes_over_seven_seconds_is_503() {
    for (takes, status) in [(6, StatusCode::OK), (8, StatusCode::SERVICE_UNAVAILABLE)] {
        let queue = Queue { takes: Duration::from_secs(takes), ..Queue::default() };
        let door = door(&queue, &Source::of(stages(0)));
        assert_eq!(post(&door, CURRENT).await, status, "{takes} s");
        let sent = queue.sent.lock().unwrap().len();
        assert_eq!(sent, usize::from(status == StatusCode::OK));
    }
}

/// The queue holds what the door answered for: body, attributes and fair-queue group.
#[tokio::test]
async fn what_is_sent() {
    let queue = Queue::default();
    post(&door(&queue, &Source::of(stages(0))), CURRENT).await;
    let sent = queue.sent.lock().unwrap();
    let [message] = &sent[..] else { panic!("{} messages", sent.len()) };
    assert_eq!(message.kind, "com.digicert.certcentral.certificate_issued");
    assert_eq!(message.group, "digicert/order/1");
    assert!(message.body.contains(r#""data":{"event":"certificate_issued","data""#));
    assert_eq!((message.delay, message.expires), (Duration::ZERO, None));
}
