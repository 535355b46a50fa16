use clap::Args;

use super::{Access, One, Wishes, help};
use crate::stack::Here;

/// The whole way: webhook, challenge, verification, activation, test event
///
/// Creates the webhook or brings it up to date, has the challenge sent, takes the token as it arrives,
/// verifies, activates, and proves it with a test event that carries the key. What was done before is
/// left alone, so running it again changes nothing.
///
/// Unless told otherwise it makes sure of every event of CertCentral's pages, of notifications for
/// certificates issued instantly, and of the certificate chain in both. Nothing is taken away.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "subscribe --endpoint https://hooks.example.com/webhooks/digicert --state .certhooks",
    "subscribe --endpoint http://127.0.0.1:3000/webhooks/digicert --base http://127.0.0.1:8080/services/v2",
))]
pub(crate) struct Subscribe {
    /// Address of the door: https (http on a loopback address)
    #[arg(long, value_name = "URL", required_unless_present = "stack")]
    pub(crate) endpoint: Option<String>,
    /// Seconds to wait for the token
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    #[command(flatten)]
    pub(crate) here: Here,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Gives CertCentral a new key, without a refused event
///
/// The new key is stored as pending, so that the door takes both; after a wait longer than the door's
/// pause between two looks at its secret, CertCentral gets it; then it becomes the current one, and is
/// proved with a test event. Stopped anywhere, run it again: it finishes.
#[derive(Args, Debug)]
#[command(after_help = help!("rotate --state .certhooks", "rotate --compromised", "rotate --roll-back"))]
pub(crate) struct Rotate {
    /// End the old key at once, instead of letting it count for another 24 hours
    #[arg(long, conflicts_with = "roll_back")]
    pub(crate) compromised: bool,
    /// Undo a rotation that was stopped: the current key stays
    #[arg(long)]
    pub(crate) roll_back: bool,
    #[command(flatten)]
    pub(crate) here: Here,
    #[command(flatten)]
    pub(crate) of: One,
}
