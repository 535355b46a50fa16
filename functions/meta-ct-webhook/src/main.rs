//! Meta's webhooks: an API Gateway event comes in, envelopes go onto the events queue.

use std::process::ExitCode;

use providers::meta::MetaReceiver;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::serve::<MetaReceiver>().await
}
