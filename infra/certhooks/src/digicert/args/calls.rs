use clap::Args;

use super::options::{Access, NewSecret, WebhookArgs, WebhookSpecArgs};
use crate::installation::InstallationArgs;

/// Lists the webhooks of the CertCentral account, which has at most one
#[derive(Args, Debug)]
#[command(after_help = help!("list", "list --eu --json | jq .status"))]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Shows the account's webhook: endpoint, status, events and settings
///
/// Of the secret it shows only whether there is one.
#[derive(Args, Debug)]
#[command(after_help = help!("show", "show --json"))]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Creates the account's webhook
///
/// CertCentral sends the endpoint a test event first. The webhook gets no events until `challenge
/// --send`, `verify` and `activate` are run; `subscribe` does all of this in one command.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "create --endpoint https://hooks.example.com/webhooks/digicert --secret-from-state",
    "create --endpoint https://hooks.example.com/webhooks/digicert --secret-file key.txt \\
      --event certificate_issued,certificate_revoked --instant-issue on --frequency 30,7,0",
))]
pub(crate) struct Create {
    /// Address of the webhook endpoint: https, or http on a loopback address
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: String,
    #[command(flatten)]
    pub(crate) secret: NewSecret,
    #[command(flatten)]
    pub(crate) spec: WebhookSpecArgs,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Changes the account's webhook
///
/// What no option names stays as it is. With a new endpoint the webhook must be verified again before
/// it gets events.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "update --instant-issue on --chain on --instant-chain on",
    "update --endpoint https://new.example.com/webhooks/digicert",
    "update --secret-file - < key.txt",
    "update --remove-secret",
))]
pub(crate) struct Update {
    /// New address of the webhook endpoint: https, or http on a loopback address
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) secret: NewSecret,
    /// Remove the webhook's secret, so that events are sent without a key
    #[arg(long, group = "new_secret")]
    pub(crate) remove_secret: bool,
    #[command(flatten)]
    pub(crate) spec: WebhookSpecArgs,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Triggers a test event, which the endpoint must answer with 200
///
/// Without options CertCentral sends it to the account's webhook, with its key. The test event is empty
/// and reaches no consumer.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "test",
    "test --endpoint https://hooks.example.com/webhooks/digicert --secret-from-state",
    "test --without-secret",
))]
pub(crate) struct Test {
    /// Address to send it to instead of the webhook's, for instance before the webhook is created
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) secret: NewSecret,
    /// Send the test event without a key
    #[arg(long, group = "new_secret")]
    pub(crate) without_secret: bool,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Shows the token of a challenge that is waiting
///
/// A token is valid for 30 minutes. Pass it to `certhooks digicert webhook verify`, or enter it on
/// CertCentral's webhook page. With --send, CertCentral sends a new token first.
#[derive(Args, Debug)]
#[command(after_help = concat!(
    "Examples:\n  certhooks digicert webhook challenge\n  ",
    "certhooks digicert webhook challenge --send\n  ",
    "certhooks digicert webhook challenge --send --wait 0\n\n",
    "Exit status: 0 a token is shown (or was sent, with --wait 0); 1 no token is waiting, or refused or failed; ",
    "2 wrong usage."
))]
pub(crate) struct Challenge {
    /// Trigger a new token, and show it when it arrives
    #[arg(long)]
    pub(crate) send: bool,
    /// Maximum time to wait for the token, in seconds; 0 to return at once
    #[arg(long, default_value_t = 30, value_name = "SECONDS", requires = "send")]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Completes the challenge with its token
///
/// Without TOKEN it uses the newest token that is waiting in the state folder or the stack. Run
/// `activate` next.
#[derive(Args, Debug)]
#[command(after_help = help!("verify", "verify 3f0c9a61d2", "verify - < token.txt"))]
pub(crate) struct Verify {
    /// Token of the challenge, - for standard input
    #[arg(value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Activates the webhook, so that CertCentral sends events
#[derive(Args, Debug)]
#[command(after_help = help!("activate"))]
pub(crate) struct Activate {
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Deactivates the webhook, so that CertCentral sends no events until `activate`
#[derive(Args, Debug)]
#[command(after_help = help!("deactivate"))]
pub(crate) struct Deactivate {
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Deletes the webhook and its secret
///
/// CertCentral's documentation does not describe this call. Where it is refused, use `deactivate`.
#[derive(Args, Debug)]
#[command(after_help = help!("delete", "delete --webhook-id 12345"))]
pub(crate) struct Delete {
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// Shows CertCentral's log of sent events with the answers of the endpoint
#[derive(Args, Debug)]
#[command(after_help = help!(
    "logs --failed --since 24h",
    "logs --event certificate_issued --code 401 --code 503",
    "logs --json --since 2026-11-01 | jq .code",
))]
pub(crate) struct Logs {
    /// Event to show; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) event: Vec<String>,
    /// HTTP status of the endpoint's answer to show; may be repeated
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) code: Vec<u16>,
    /// Show events sent at or after this age or time: 90m, 24h, 7d, 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Show only events that were not answered with 2xx
    #[arg(long)]
    pub(crate) failed: bool,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}
