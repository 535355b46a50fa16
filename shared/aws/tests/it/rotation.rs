use aws::{DynamoLedger, StackOutputs, StoredSecret};
use ports::{Ledger, SecretSource};
use secrecy::{ExposeSecret, SecretString};
use time::{Duration, OffsetDateTime};

use crate::stage::stage;

async fn stages(secret: &StoredSecret) -> [Option<String>; 3] {
    let all = secret.all().await.unwrap();
    let plain = |secret: Option<SecretString>| secret.map(|secret| secret.expose_secret().into());
    [plain(all.current), plain(all.pending), plain(all.previous)]
}

fn of(stages: [&str; 3]) -> [Option<String>; 3] {
    stages.map(|stage| (!stage.is_empty()).then(|| stage.to_owned()))
}

#[tokio::test]
async fn a_secret_goes_from_pending_to_current_to_previous() {
    let stage = stage().await;
    stage.emulator.create_secret("webhook", "first").await.unwrap();
    let secret = StoredSecret::new(&stage.session, "WEBHOOK_SECRET_ID", "webhook");
    let error = secret.promote(true).await.unwrap_err().to_string();
    assert_eq!(error, "WEBHOOK_SECRET_ID (webhook) has no AWSPENDING");
    secret.abandon().await.unwrap();

    for next in ["lost", "second"] {
        secret.begin(&next.into()).await.unwrap();
        assert_eq!(stages(&secret).await, of(["first", next, ""]));
    }
    let before = secret.all().await.unwrap().ids;
    secret.promote(true).await.unwrap();
    assert_eq!(stages(&secret).await, of(["second", "", "first"]));
    let after = secret.all().await.unwrap().ids;
    assert!(before.current.is_some() && before.current != before.pending, "{before:?}");
    assert_eq!((after.current, after.previous), (before.pending, before.current), "names stay");

    secret.begin(&"lost".into()).await.unwrap();
    secret.abandon().await.unwrap();
    assert_eq!(stages(&secret).await, of(["second", "", "first"]));

    secret.begin(&"third".into()).await.unwrap();
    secret.promote(false).await.unwrap();
    assert_eq!(stages(&secret).await, of(["third", "", ""]));
}

#[tokio::test]
async fn tokens_are_kept_until_they_expire() {
    let stage = stage().await;
    stage.emulator.create_table("ledger").await.unwrap();
    let ledger = DynamoLedger::new(&stage.session, "ledger");
    assert!(ledger.challenges().await.unwrap().is_empty());
    let expires = OffsetDateTime::now_utc() + Duration::minutes(30);
    ledger.keep_challenge("5", &"token".into(), expires).await.unwrap();
    ledger.keep_challenge("6", &"late".into(), expires - Duration::minutes(31)).await.unwrap();
    ledger.record(ports::DeliveryRecord::id("an-event", expires)).await.unwrap();
    let tokens = ledger.challenges().await.unwrap();
    let [token] = tokens.as_slice() else { panic!("{tokens:?}") };
    assert_eq!((token.webhook_id.as_str(), token.token.expose_secret()), ("5", "token"));
    assert_eq!(token.expires.unix_timestamp(), expires.unix_timestamp());
    // A used token is overwritten with an empty one.
    ledger.delete_challenge("5", expires).await.unwrap();
    assert!(ledger.challenges().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_error_names_a_missing_stack() {
    let stage = stage().await;
    let error = StackOutputs::read(&stage.session, "certhooks-nowhere").await.err().unwrap();
    assert!(error.0.starts_with("stack certhooks-nowhere: DescribeStacks: "), "{error}");
}
