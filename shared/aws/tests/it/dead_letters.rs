use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws::{SqsDeadLetter, SqsDeadLetters, SqsEvents};
use envelope::Provider;
use ports::{EventsQueue, Outgoing};

use crate::stage::{Stage, stage};

const HOLD: Duration = Duration::from_secs(300);

async fn filled(stage: &Stage, bodies: impl Iterator<Item = String>) -> (SqsDeadLetters, String) {
    let dead = stage.emulator.create_queue("dead").await.unwrap();
    let source = stage.emulator.create_queue("source").await.unwrap();
    let messages = bodies.map(|body| Outgoing {
        provider: Provider::DIGICERT,
        kind: "com.digicert.certcentral.certificate_issued".into(),
        group: "digicert/order/1".into(),
        body,
        received: None,
        delay: Duration::ZERO,
        expires: None,
    });
    SqsEvents::new(&stage.session, &dead).send(messages.collect()).await.unwrap();
    (SqsDeadLetters::new(&stage.session, "EventsDeadLettersUrl", dead, &source), source)
}

async fn all(letters: &SqsDeadLetters) -> Vec<SqsDeadLetter> {
    let mut all = Vec::new();
    loop {
        match letters.receive(HOLD).await.unwrap() {
            batch if batch.is_empty() => return all,
            batch => all.extend(batch),
        }
    }
}

fn bodies(letters: &[SqsDeadLetter]) -> BTreeSet<&str> {
    letters.iter().map(|letter| letter.body.as_str()).collect()
}

fn receipts(letters: &[SqsDeadLetter]) -> Vec<String> {
    letters.iter().map(|letter| letter.receipt.clone()).collect()
}

#[tokio::test]
async fn a_received_dead_letter_can_be_released() {
    let stage = stage().await;
    let (letters, _) = filled(&stage, (0..25).map(|number| number.to_string())).await;
    let first = all(&letters).await;
    assert_eq!(bodies(&first).len(), 25);
    let age = SystemTime::now().duration_since(first[0].sent.unwrap()).unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
    assert_eq!(first[0].attribute("provider"), Some("digicert"));
    letters.release(&receipts(&first)).await.unwrap();
    let again = all(&letters).await;
    assert_eq!(bodies(&again), bodies(&first));
    assert!(again.iter().all(|letter| letter.receives == 2), "every receive counts");
}

#[tokio::test]
async fn a_retried_dead_letter_is_on_its_queue_unchanged() {
    let stage = stage().await;
    let large = (0..3).map(|number| format!("\"{number}{}\"", "x".repeat(500_000)));
    let small = (0..20).map(|number| number.to_string());
    let (letters, source) = filled(&stage, small.chain(large)).await;
    let found = all(&letters).await;
    let expected: BTreeSet<String> = found.iter().map(|letter| letter.body.clone()).collect();
    assert_eq!(expected.len(), 23);
    assert!(letters.retry(found).await.unwrap().is_empty());

    let sent = stage.emulator.receive_all(&source).await.unwrap();
    let arrived: BTreeSet<String> =
        sent.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect();
    assert!(arrived == expected, "a message has changed");
    for message in sent {
        let kind = &message["MessageAttributes"]["type"]["StringValue"];
        assert_eq!(kind, "com.digicert.certcentral.certificate_issued");
        assert_eq!(message["Attributes"]["MessageGroupId"], "digicert/order/1");
    }
    assert!(all(&letters).await.is_empty());
}

#[tokio::test]
async fn a_dead_letter_that_is_not_sent_is_not_deleted() {
    let stage = stage().await;
    let (letters, source) = filled(&stage, ["a".to_owned()].into_iter()).await;
    let found = all(&letters).await;
    let dead = stage.emulator.create_queue("dead").await.unwrap();
    let nowhere = format!("{source}-missing");
    let elsewhere = SqsDeadLetters::new(&stage.session, "EventsDeadLettersUrl", &dead, nowhere);
    let error = elsewhere.retry(found.clone()).await.unwrap_err().to_string();
    assert!(error.starts_with("EventsDeadLettersUrl: SendMessageBatch: "), "{error}");
    letters.release(&receipts(&found)).await.unwrap();
    let found = all(&letters).await;
    assert_eq!(bodies(&found), BTreeSet::from(["a"]));
    assert!(letters.delete(&found).await.unwrap().is_empty());
    assert!(stage.emulator.receive_all(&dead).await.unwrap().is_empty());
}
