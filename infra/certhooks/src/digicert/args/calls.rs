use clap::Args;

use super::{Access, NewSecret, One, Wishes, help};
use crate::stack::Here;

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
