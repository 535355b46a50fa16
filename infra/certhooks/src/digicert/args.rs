use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use time::OffsetDateTime;

use crate::args::{CommonArgs, EndpointArgs, RotationArgs, StackArgs};
use crate::time_parsing::parse_time;

/// What follows the options of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        crate::args::help!("digicert webhook", $($example),+)
    };
}

/// Manages the webhook of a CertCentral account
#[derive(Debug, Subcommand)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  certhooks digicert webhook show\n  \
        certhooks digicert webhook subscribe --endpoint https://hooks.example.com/webhooks/digicert"
)]
pub(crate) enum Digicert {
    Webhook(Webhook),
}

/// Manages the webhook of a CertCentral account
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks digicert webhook show\n  \
    certhooks digicert webhook subscribe --endpoint https://hooks.example.com/webhooks/digicert")]
pub(crate) struct Webhook {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) access: Access,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the webhooks of the CertCentral account, which has at most one
    #[command(after_help = help!("list", "list --eu --json | jq .status"))]
    List,
    /// Shows the account's webhook: endpoint, status, events and settings
    ///
    /// Of the secret it shows only whether there is one.
    #[command(after_help = help!("show", "show --json"))]
    Show(WebhookArgs),
    Create(Create),
    Update(Update),
    Test(Test),
    Challenge(Challenge),
    Verify(Verify),
    /// Activates the webhook, so that CertCentral sends events
    #[command(after_help = help!("activate"))]
    Activate(WebhookArgs),
    /// Deactivates the webhook, so that CertCentral sends no events until `activate`
    #[command(after_help = help!("deactivate"))]
    Deactivate(WebhookArgs),
    /// Deletes the webhook and its secret
    ///
    /// CertCentral's documentation does not describe this call. Where it is refused, use `deactivate`.
    #[command(after_help = help!("delete", "delete --webhook-id 12345"))]
    Delete(WebhookArgs),
    Logs(Logs),
    Subscribe(Subscribe),
    Rotate(Rotate),
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
    pub(crate) stack: StackArgs,
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
    pub(crate) stack: StackArgs,
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
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<OffsetDateTime>,
    /// Show only events that were not answered with 2xx
    #[arg(long)]
    pub(crate) failed: bool,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

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
    #[command(flatten)]
    pub(crate) endpoint: EndpointArgs,
    /// Maximum time to wait for the token, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) spec: WebhookSpecArgs,
}

/// Replaces the webhook key without refusing an event
///
/// The new key is stored as pending, so that the webhook endpoint accepts both keys. Once the endpoint
/// has read it, CertCentral gets it, it becomes the current key, and a test event is sent with it. A
/// rotation that was stopped finishes when the command is run again.
#[derive(Args, Debug)]
#[command(after_help = help!("rotate --state .certhooks", "rotate --compromised --since 7d", "rotate --roll-back"))]
pub(crate) struct Rotate {
    #[command(flatten)]
    pub(crate) rotation: RotationArgs,
    #[command(flatten)]
    pub(crate) webhook: WebhookArgs,
}

/// The account and its API key.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// File with the API key, - for standard input; else DIGICERT_API_KEY, else the state folder's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Name or ARN of the secret with the API key in Secrets Manager
    #[cfg(feature = "aws")]
    #[arg(long, global = true, value_name = "ID", conflicts_with = "api_key_file")]
    pub(crate) api_key_secret: Option<String>,
    /// Use CertCentral Europe
    #[arg(long, global = true, conflicts_with = "base")]
    pub(crate) eu: bool,
    /// Base URL of the Services API; else DIGICERT_API_BASE, else that of CertCentral in the US
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

impl Access {
    /// With the API key of the variable or the state folder.
    pub(crate) fn default_key(common: CommonArgs, eu: bool) -> Self {
        Self {
            api_key_file: None,
            #[cfg(feature = "aws")]
            api_key_secret: None,
            eu,
            base: None,
            common,
        }
    }

    /// Whether an option names the source of the API key.
    pub(crate) fn names_key(&self) -> bool {
        #[cfg(feature = "aws")]
        if self.api_key_secret.is_some() {
            return true;
        }
        self.api_key_file.is_some()
    }
}

/// The webhook to work on.
#[derive(Args, Debug)]
pub(crate) struct WebhookArgs {
    /// Id of the webhook; the account's only one when unset
    #[arg(long, value_name = "ID")]
    pub(crate) webhook_id: Option<u64>,
}

/// The source of a webhook's secret.
#[derive(Args, Debug)]
pub(crate) struct NewSecret {
    /// File with the webhook's secret, - for standard input
    #[arg(long, value_name = "FILE", group = "new_secret")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Use the webhook secret of DIGICERT_WEBHOOK_KEY, else of the state folder
    #[arg(long, group = "new_secret")]
    pub(crate) secret_from_state: bool,
    /// Name or ARN of the webhook's secret in Secrets Manager
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "new_secret")]
    pub(crate) secret_id: Option<String>,
}

/// What the webhook is to send.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Events and settings")]
pub(crate) struct WebhookSpecArgs {
    /// Event to subscribe to; may be repeated, or a list separated by commas
    #[arg(long, alias = "events", value_name = "NAME", value_delimiter = ',')]
    pub(crate) event: Option<Vec<String>>,
    /// Accept event names that Certhooks does not know
    #[arg(long)]
    pub(crate) allow_unknown_event: bool,
    /// Send certificate_issued also for certificates that are issued instantly
    #[arg(long, alias = "instant-issue-webhook-notification", value_name = "on|off")]
    pub(crate) instant_issue: Option<Switch>,
    /// Days before expiry on which to send notices: any of 90,60,30,7,0,-7
    #[arg(
        long,
        alias = "webhook-notification-frequency",
        value_name = "DAYS",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) frequency: Option<Vec<String>>,
    /// Include the certificate chain in certificate_issued
    #[arg(long, alias = "webhook-send-certificate-chain", value_name = "on|off")]
    pub(crate) chain: Option<Switch>,
    /// Include the certificate chain in certificate_issued for certificates that are issued instantly
    #[arg(long, alias = "webhook-send-instant-issued-certificate-chain", value_name = "on|off")]
    pub(crate) instant_chain: Option<Switch>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    #[value(aliases = ["true", "1", "yes"])]
    On,
    #[value(aliases = ["false", "0", "no"])]
    Off,
}
