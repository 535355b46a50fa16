//! Cert Spotter's webhooks: an API Gateway event comes in, envelopes go onto the events queue.

use std::process::ExitCode;

use providers::certspotter::CertspotterReceiver;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::serve::<CertspotterReceiver>().await
}
