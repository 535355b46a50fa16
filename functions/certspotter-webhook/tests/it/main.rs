//! Drives the compiled function as Lambda does, with the emulator as AWS.

use harness::check_samples;

#[tokio::test]
async fn samples() {
    let binary = env!("CARGO_BIN_EXE_certspotter-webhook");
    let outcome = check_samples(binary, "certspotter-webhook").await.unwrap();

    assert_eq!(outcome.messages.len(), outcome.acknowledged.len());
    for message in &outcome.messages {
        assert_eq!(message["MessageAttributes"]["provider"]["StringValue"], "certspotter");
        assert!(message["Body"].as_str().unwrap().contains(&outcome.acknowledged[0]));
    }
    let output = outcome.stdout + &outcome.stderr;
    let in_header = "c2FtcGxlLXVzZXJuYW1lOnNhbXBsZS1wYXNzd29yZA";
    for secret in ["sample-username", "sample-password", in_header] {
        assert!(!output.contains(secret), "{secret}");
    }
}
