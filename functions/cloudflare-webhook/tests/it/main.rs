//! Drives the compiled function as Lambda does, with the emulator as AWS.

use harness::check_samples;

#[tokio::test]
async fn samples() {
    let binary = env!("CARGO_BIN_EXE_cloudflare-webhook");
    let outcome = check_samples(binary, "cloudflare-webhook").await.unwrap();

    assert_eq!(outcome.messages.len(), outcome.acknowledged.len());
    for message in &outcome.messages {
        assert_eq!(message["MessageAttributes"]["provider"]["StringValue"], "cloudflare");
        assert!(message["Body"].as_str().unwrap().contains(&outcome.acknowledged[0]));
    }
    assert!(!(outcome.stdout + &outcome.stderr).contains("sample-webhook-auth"));
}
