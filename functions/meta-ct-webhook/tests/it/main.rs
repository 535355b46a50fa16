//! The compiled function, as Lambda drives it, with an emulator behind it.

use std::collections::BTreeSet;

use harness::check_samples;

#[tokio::test]
async fn samples() {
    let secret = serde_json::json!({ "app_secret": "sample-app-secret", "verify_token": "sample verify+token&é" });
    let binary = env!("CARGO_BIN_EXE_meta-ct-webhook");
    let Some(behind) = check_samples(binary, "meta-ct-webhook", &secret.to_string()).await.unwrap()
    else {
        return;
    };

    // Each update of the batch is a message of its own; plain and base64, twice.
    let ids: BTreeSet<&String> = behind.acknowledged.iter().collect();
    assert!(ids.len() > 1);
    assert_eq!(behind.messages.len(), ids.len() * 4);
    for message in &behind.messages {
        assert_eq!(message["MessageAttributes"]["provider"]["StringValue"], "meta");
    }
    let log = behind.stdout + &behind.stderr;
    for secret in ["sample-app-secret", "sample verify", "1158201444", "sha256="] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
