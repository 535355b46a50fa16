//! The least that a function with one send can be: no check, no secret, no envelope; the body of the
//! request goes onto the queue as it came. Built and linked as the functions are.

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use lambda_http::{Error, Request, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let queue_url = std::env::var("EVENTS_QUEUE_URL")?;
    let http = Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
    let client = Client::new(&Box::pin(config.load()).await);
    run(service_fn(|request: Request| acknowledge(&client, &queue_url, request))).await
}

/// Answers 200 once the message is on the queue.
async fn acknowledge(
    client: &Client,
    queue_url: &str,
    request: Request,
) -> Result<&'static str, Error> {
    let body = std::str::from_utf8(request.body())?;
    let message = client.send_message().queue_url(queue_url).message_body(body);
    Box::pin(message.send()).await?;
    Ok(r#"{"accepted":1}"#)
}
