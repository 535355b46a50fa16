use ::time::{Duration, OffsetDateTime};
use processing::Disposition;
use serde_json::{Value, json};

use crate::bench::{Bench, envelope};
use crate::fakes::Step;

fn challenge(token: &Value, age: Duration) -> Value {
    let data = json!({"token": token, "webhook_id": 12345});
    envelope("c", age, &json!({"event": "challenge_webhook_endpoint", "data": data}))
}

/// The token is stored for the operator until 30 minutes after receipt, and goes nowhere else.
#[tokio::test]
async fn a_token_is_kept_until_it_expires() {
    for (token, text) in [(json!("t0ken"), "t0ken"), (json!(4711), "4711")] {
        let bench = Bench::start().await;
        let disposition = bench.process("r", &challenge(&token, Duration::minutes(20))).await;
        assert_eq!(disposition, Disposition::ChallengeStored);
        let state = bench.fake.state();
        let ((webhook, expires), kept) = state.challenges.first_key_value().unwrap();
        assert_eq!(webhook, "12345");
        assert_eq!(kept, text);
        let left = *expires - OffsetDateTime::now_utc();
        assert!(left > Duration::minutes(9) && left <= Duration::minutes(10), "{left}");
        assert_eq!(state.journal, [Step::KeepChallenge, Step::Send]);
    }
}

/// The event is requeued until its token expires, and deletes it then, because DynamoDB's own deletion
/// may be days late.
#[tokio::test]
async fn the_event_is_requeued_to_delete_its_token() {
    let bench = Bench::start().await;
    bench.process("r", &challenge(&json!("t"), Duration::minutes(1))).await;
    let (again, delay) = {
        let state = bench.fake.state();
        let message = &state.sent[0];
        assert!(message.expires.is_some());
        (serde_json::from_str::<Value>(&message.body).unwrap(), message.delay)
    };
    assert_eq!((&again["attempts"], delay.as_secs()), (&json!(1), 900));

    assert_eq!(bench.process("r", &again).await, Disposition::ChallengeStored);
    assert_eq!(bench.fake.state().journal, [Step::KeepChallenge, Step::Send, Step::Send]);
    let kept = std::mem::take(&mut bench.fake.state().challenges);
    let kept = kept
        .into_iter()
        .map(|((webhook, expires), token)| ((webhook, expires - Duration::minutes(29)), token));
    bench.fake.state().challenges = kept.collect();
    let expired = challenge(&json!("t"), Duration::minutes(30));
    assert_eq!(bench.process("r", &expired).await, Disposition::Duplicate);
    assert!(bench.fake.state().challenges.is_empty());
}

#[tokio::test]
async fn an_expired_token_is_dropped() {
    let bench = Bench::start().await;
    let disposition = bench.process("r", &challenge(&json!("t"), Duration::minutes(30))).await;
    assert_eq!(disposition, Disposition::Duplicate);
    assert_eq!(bench.fake.state().journal, [Step::EndChallenge]);
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_stays_on_the_queue() {
    let bench = Bench::start().await;
    bench.fake.fail(Some(Step::KeepChallenge));
    let disposition = bench.process("r", &challenge(&json!("t"), Duration::ZERO)).await;
    assert_eq!(disposition, Disposition::Unacknowledged);
    assert!(bench.fake.state().archive.is_empty() && bench.fake.state().published.is_empty());
}
