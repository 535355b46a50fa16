use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::stack::Here;

/// What follows the examples of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        concat!(
            "Examples:\n", $("  certhooks digicert webhook ", $example, "\n",)+
            "\nExit status: 0 done; 1 refused or failed; 2 wrong usage, nothing was sent; ",
            "3 nothing there."
        )
    };
}

#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    List(List),
    Show(Show),
    Create(Create),
    Update(Update),
    Test(Test),
    Challenge(Challenge),
    Verify(Verify),
    Activate(Activate),
    Deactivate(Deactivate),
    Delete(Delete),
    Logs(Logs),
    Subscribe(Subscribe),
    Rotate(Rotate),
}

/// Lists the webhooks of the CertCentral account, which are one or none
#[derive(Args, Debug)]
#[command(after_help = help!("list", "list --eu --json | jq .status"))]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Shows the account's webhook: endpoint, status, events and settings; of the secret only whether
/// there is one
#[derive(Args, Debug)]
#[command(after_help = help!("show", "show --json"))]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) of: One,
}

/// Creates the account's webhook
///
/// It gets no events yet: `challenge --send`, `verify` and `activate` follow, or `subscribe` does it
/// all. CertCentral asks the endpoint first.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "create --endpoint https://hooks.example.com/webhooks/digicert --secret-from-state",
    "create --endpoint https://hooks.example.com/webhooks/digicert --secret-file key.txt \\
      --event certificate_issued,certificate_revoked --instant-issue on --frequency 30,7,0",
))]
pub(crate) struct Create {
    /// Address of the webhook listener: https (http on a loopback address)
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: String,
    #[command(flatten)]
    pub(crate) secret: NewSecret,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Changes the account's webhook; what is not named stays as it is
///
/// With another endpoint the webhook must be verified again before it gets events.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "update --instant-issue on --chain on --instant-chain on",
    "update --endpoint https://new.example.com/webhooks/digicert",
    "update --secret-file - < key.txt",
    "update --remove-secret",
))]
pub(crate) struct Update {
    /// Address of the webhook listener, if it moves
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) secret: NewSecret,
    /// The webhook's events come without a key from now on
    #[arg(long, group = "new_secret")]
    pub(crate) remove_secret: bool,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    #[command(flatten)]
    pub(crate) of: One,
}

/// Has CertCentral send a test event, which the endpoint must answer with 200
///
/// Without options to the account's webhook, with its key. The test event holds nothing and reaches no
/// consumer.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "test",
    "test --endpoint https://hooks.example.com/webhooks/digicert --secret-from-state",
    "test --without-secret",
))]
pub(crate) struct Test {
    /// Another endpoint than the webhook's, for instance before it is created
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) secret: NewSecret,
    /// Send it without a key
    #[arg(long, group = "new_secret")]
    pub(crate) without_secret: bool,
    #[command(flatten)]
    pub(crate) of: One,
}

/// Shows the token of a challenge that waits, for 30 minutes at most
///
/// Give it to `certhooks digicert webhook verify`, or enter it on CertCentral's webhook page.
/// With --send, CertCentral sends a new one first.
#[derive(Args, Debug)]
#[command(after_help = concat!(
    "Examples:\n  certhooks digicert webhook challenge\n  ",
    "certhooks digicert webhook challenge --send\n  ",
    "certhooks digicert webhook challenge --send --wait 0\n\n",
    "Exit status: 0 a token is shown (or was sent, with --wait 0); 1 none waits, or refused or failed; ",
    "2 wrong usage."
))]
pub(crate) struct Challenge {
    /// Have CertCentral send a token to the endpoint, and show it as it arrives
    #[arg(long)]
    pub(crate) send: bool,
    /// Seconds to wait for a token that was sent
    #[arg(long, default_value_t = 30, value_name = "SECONDS", requires = "send")]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) here: Here,
    #[command(flatten)]
    pub(crate) of: One,
}

/// Completes the challenge with its token
///
/// Without TOKEN: the one that waits here. `activate` follows.
#[derive(Args, Debug)]
#[command(after_help = help!("verify", "verify 3f0c9a61d2", "verify - < token.txt"))]
pub(crate) struct Verify {
    /// The token, or - for standard input
    #[arg(value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) here: Here,
    #[command(flatten)]
    pub(crate) of: One,
}

/// Has CertCentral send events from now on
#[derive(Args, Debug)]
#[command(after_help = help!("activate"))]
pub(crate) struct Activate {
    #[command(flatten)]
    pub(crate) of: One,
}

/// Has CertCentral send no more events; `activate` resumes
#[derive(Args, Debug)]
#[command(after_help = help!("deactivate"))]
pub(crate) struct Deactivate {
    #[command(flatten)]
    pub(crate) of: One,
}

/// Deletes the webhook, its secret with it
///
/// No page of CertCentral's describes this call; where it is refused, `deactivate`.
#[derive(Args, Debug)]
#[command(after_help = help!("delete", "delete --webhook-id 12345"))]
pub(crate) struct Delete {
    #[command(flatten)]
    pub(crate) of: One,
}

/// Shows what CertCentral sent, and what came back
#[derive(Args, Debug)]
#[command(after_help = help!(
    "logs --failed --since 24h",
    "logs --event certificate_issued --code 401 --code 503",
    "logs --json --since 2026-11-01 | jq .code",
))]
pub(crate) struct Logs {
    /// Only this event; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) event: Vec<String>,
    /// Only where the listener answered with this HTTP status; may be repeated
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) code: Vec<u16>,
    /// Only what was sent since: 90m, 24h, 7d, 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what was not answered, or not with 2xx
    #[arg(long)]
    pub(crate) failed: bool,
    #[command(flatten)]
    pub(crate) of: One,
}

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

/// Which account, with which key.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// State folder; its secrets.json may hold the API key
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// File with the API key, - for standard input; else DIGICERT_API_KEY, else the state folder
    #[arg(long, value_name = "FILE", group = "api_key")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Secret with the API key: name or ARN at Secrets Manager
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "api_key")]
    pub(crate) api_key_secret: Option<String>,
    /// The account is in CertCentral Europe
    #[arg(long, conflicts_with = "base")]
    pub(crate) eu: bool,
    /// Base of the Services API; else DIGICERT_API_BASE, else CertCentral in the US
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    /// One JSON object a line; errors too
    #[arg(long)]
    pub(crate) json: bool,
}

impl Access {
    /// Whether an option says where the API key is.
    pub(crate) fn names_key(&self) -> bool {
        #[cfg(feature = "aws")]
        if self.api_key_secret.is_some() {
            return true;
        }
        self.api_key_file.is_some()
    }
}

/// One webhook.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// The account's webhook when unset: there is one or none
    #[arg(long, value_name = "ID")]
    pub(crate) webhook_id: Option<u64>,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Where a webhook's secret comes from.
#[derive(Args, Debug)]
pub(crate) struct NewSecret {
    /// File with the webhook's secret, - for standard input
    #[arg(long, value_name = "FILE", group = "new_secret")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Take the webhook's secret from the state folder, or from DIGICERT_WEBHOOK_KEY
    #[arg(long, group = "new_secret")]
    pub(crate) secret_from_state: bool,
    /// Take the webhook's secret from Secrets Manager: name or ARN
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "new_secret")]
    pub(crate) secret_id: Option<String>,
}

/// What the webhook shall send.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "What it sends")]
pub(crate) struct Wishes {
    /// Event to subscribe to; may be repeated, or a list with commas
    #[arg(long, alias = "events", value_name = "NAME", value_delimiter = ',')]
    pub(crate) event: Option<Vec<String>>,
    /// Send event names too that are not known here
    #[arg(long)]
    pub(crate) allow_unknown_event: bool,
    /// certificate_issued also for certificates that are issued instantly
    #[arg(long, alias = "instant-issue-webhook-notification", value_name = "on|off")]
    pub(crate) instant_issue: Option<Switch>,
    /// Days before an expiry on which notices are sent: any of 90,60,30,7,0,-7
    #[arg(
        long,
        alias = "webhook-notification-frequency",
        value_name = "DAYS",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) frequency: Option<Vec<String>>,
    /// The certificate chain in certificate_issued
    #[arg(long, alias = "webhook-send-certificate-chain", value_name = "on|off")]
    pub(crate) chain: Option<Switch>,
    /// The certificate chain in certificate_issued for certificates that are issued instantly
    #[arg(long, alias = "webhook-send-instant-issued-certificate-chain", value_name = "on|off")]
    pub(crate) instant_chain: Option<Switch>,
    /// How settings are written: "1" or true; when unset the first, and the other if CertCentral does
    /// not take it
    #[arg(long, value_name = "string|boolean")]
    pub(crate) settings_as: Option<SettingsAs>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    #[value(aliases = ["true", "1", "yes"])]
    On,
    #[value(aliases = ["false", "0", "no"])]
    Off,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SettingsAs {
    String,
    Boolean,
}
