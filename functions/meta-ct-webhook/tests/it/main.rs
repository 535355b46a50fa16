//! Drives the compiled function as Lambda does, with the emulator as AWS.

use std::collections::BTreeSet;

use harness::check_samples;

#[tokio::test]
async fn samples() {
    let binary = env!("CARGO_BIN_EXE_meta-ct-webhook");
    let outcome = check_samples(binary, "meta-ct-webhook").await.unwrap();

    // Each update of the batch is a separate message, once in plain and once in base64, for two formats.
    let ids: BTreeSet<&String> = outcome.acknowledged.iter().collect();
    assert!(ids.len() > 1);
    assert_eq!(outcome.messages.len(), ids.len() * 4);
    for message in &outcome.messages {
        assert_eq!(message["MessageAttributes"]["provider"]["StringValue"], "meta");
    }
    let log = outcome.stdout + &outcome.stderr;
    for secret in ["sample-app-secret", "sample verify", "1158201444", "sha256="] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
