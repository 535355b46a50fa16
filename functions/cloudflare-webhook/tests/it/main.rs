//! The compiled function, as Lambda drives it, with an emulator behind it.

use harness::check_samples;

#[tokio::test]
async fn samples() {
    let secret = r#"{"webhook_auth":"sample-webhook-auth"}"#;
    let binary = env!("CARGO_BIN_EXE_cloudflare-webhook");
    let Some(behind) = check_samples(binary, "cloudflare-webhook", secret).await.unwrap() else {
        return;
    };

    assert_eq!(behind.messages.len(), behind.acknowledged.len());
    for message in &behind.messages {
        assert_eq!(message["MessageAttributes"]["provider"]["StringValue"], "cloudflare");
        assert!(message["Body"].as_str().unwrap().contains(&behind.acknowledged[0]));
    }
    assert!(!(behind.stdout + &behind.stderr).contains("sample-webhook-auth"));
}
