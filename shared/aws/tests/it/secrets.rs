use aws::StoredSecret;
use harness::Emulator;
use ports::SecretSource;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::stage::stage;

async fn put(emulator: &Emulator, mut request: Value) {
    request["SecretId"] = "webhook".into();
    emulator.call("secretsmanager", "secretsmanager.PutSecretValue", request).await.unwrap();
}

fn plain(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret)
}

#[tokio::test]
async fn every_existing_stage_is_read() {
    let stage = stage().await;
    stage.emulator.create_secret("webhook", "first").await.unwrap();
    let secret = StoredSecret::new(&stage.session, "WEBHOOK_SECRET_ID", "webhook");
    let all = secret.all().await.unwrap();
    assert_eq!(plain(all.current.as_ref()), Some("first"));
    assert_eq!((plain(all.pending.as_ref()), plain(all.previous.as_ref())), (None, None));

    put(&stage.emulator, json!({ "SecretString": "second" })).await;
    put(&stage.emulator, json!({ "SecretString": "third", "VersionStages": ["AWSPENDING"] })).await;
    let all = secret.all().await.unwrap();
    let stages = [&all.current, &all.pending, &all.previous].map(|version| plain(version.as_ref()));
    assert_eq!(stages, [Some("second"), Some("third"), Some("first")]);
    let age = OffsetDateTime::now_utc() - all.current_created.unwrap();
    assert!(age.abs() < Duration::minutes(5), "{age}");

    let current = secret.current().await.unwrap();
    assert_eq!(plain(current.current.as_ref()), Some("second"));
    assert!(
        current.pending.is_none()
            && current.previous.is_none()
            && current.current_created.is_some()
    );
}

#[tokio::test]
async fn an_error_names_an_unreadable_secret() {
    let stage = stage().await;
    let missing = StoredSecret::new(&stage.session, "META_API_SECRET_ID", "missing");
    let error = missing.all().await.unwrap_err().to_string();
    assert_eq!(error, "META_API_SECRET_ID (missing): there is no such secret, or it has no value");

    stage.emulator.create_secret("webhook", "text").await.unwrap();
    put(&stage.emulator, json!({ "SecretBinary": "c2VjcmV0" })).await;
    let binary = StoredSecret::new(&stage.session, "WEBHOOK_SECRET_ID", "webhook");
    for result in [binary.current().await, binary.all().await] {
        let error = result.unwrap_err().to_string();
        assert_eq!(
            error,
            "WEBHOOK_SECRET_ID (webhook): the secret is binary; store it as SecretString"
        );
    }
}
