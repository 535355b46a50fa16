use clap::Args;

use super::options::{Access, WebhookArgs, WebhookSpecArgs};
use crate::installation::InstallationArgs;

/// Sets up the webhook completely: creation, challenge, verification, activation, test event
///
/// Creates the webhook or brings it up to date, triggers the challenge, waits for its token, verifies and
/// activates the webhook, and sends a test event with the key. Steps that are already done are skipped,
/// so running it again changes nothing.
///
/// By default it subscribes to every event that CertCentral documents, to notifications for certificates
/// that are issued instantly, and to the certificate chain in both. It removes nothing.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "subscribe --endpoint https://hooks.example.com/webhooks/digicert --state .certhooks",
    "subscribe --endpoint http://127.0.0.1:3000/webhooks/digicert --base http://127.0.0.1:8080/services/v2",
))]
pub(crate) struct Subscribe {
    /// Address of the webhook endpoint: https, or http on a loopback address; with --stack that of the
    /// stack when unset
    #[arg(long, value_name = "URL", required_unless_present = "stack")]
    pub(crate) endpoint: Option<String>,
    /// Maximum time to wait for the token, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) spec: WebhookSpecArgs,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Replaces the webhook key without refusing an event
///
/// The new key is stored as pending, so that the webhook endpoint accepts both keys. Once the endpoint
/// has read it, CertCentral gets it, it becomes the current key, and a test event is sent with it. A
/// rotation that was stopped finishes when the command is run again.
#[derive(Args, Debug)]
#[command(after_help = help!("rotate --state .certhooks", "rotate --compromised", "rotate --roll-back"))]
pub(crate) struct Rotate {
    /// End the old key at once, instead of accepting it for another 24 hours
    #[arg(long, conflicts_with = "roll_back")]
    pub(crate) compromised: bool,
    /// Undo a rotation that was stopped, and keep the current key
    #[arg(long)]
    pub(crate) roll_back: bool,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}
