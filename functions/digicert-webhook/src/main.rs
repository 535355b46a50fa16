//! CertCentral's webhooks: an API Gateway event comes in, envelopes go onto the events queue.

use std::process::ExitCode;

use providers::digicert::DigicertReceiver;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::serve::<DigicertReceiver>().await
}
