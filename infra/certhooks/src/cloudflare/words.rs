use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::options::AtProvider;
use crate::stack::Here;

/// What follows the options of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        crate::options::help!("cloudflare", $($example),+)
    };
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cloudflare {
    /// Webhooks that notifications can go to
    #[command(subcommand, after_help = help!("destination list"))]
    Destination(Destination),
    /// Which alert goes to which destinations
    #[command(subcommand, after_help = help!("policy list"))]
    Policy(Policy),
    Rotate(Rotate),
    Subscribe(Subscribe),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Destination {
    Create(CreateDestination),
    Delete(DeleteDestination),
    List(ListDestinations),
    Test(Test),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Create(CreatePolicy),
    Delete(DeletePolicy),
    List(ListPolicies),
}

/// Lists the account's webhook destinations; of their secrets nothing is shown, by Cloudflare either
#[derive(Args, Debug)]
#[command(after_help = help!("destination list", "destination list --json | jq .url"))]
pub(crate) struct ListDestinations {
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Creates a webhook destination
///
/// Cloudflare sends it a test first and needs a 2xx, so the door must be up with the secret.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "destination create --endpoint https://hooks.example.com/webhooks/cloudflare",
    "destination create --endpoint https://hooks.example.com/webhooks/cloudflare --secret-file - < s.txt",
))]
pub(crate) struct CreateDestination {
    /// Address of the door: https on port 443 (http on a loopback address)
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: String,
    /// What Cloudflare shows it as
    #[arg(long, default_value = "certhooks", value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) secret: WebhookSecret,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Has Cloudflare send its live test to a destination
///
/// Cloudflare does so when a destination is saved, so it is saved as it is, with the secret of the
/// state folder (or the one named). The test holds no event and reaches no consumer.
#[derive(Args, Debug)]
#[command(after_help = help!("destination test", "destination test 9a1c0de51f4b4d5f8b6b1d2f1c0ffee1"))]
pub(crate) struct Test {
    /// The account's only destination when unset
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) secret: WebhookSecret,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Deletes a destination; one that a policy sends to is left alone
#[derive(Args, Debug)]
#[command(after_help = help!("destination delete 9a1c0de51f4b4d5f8b6b1d2f1c0ffee1"))]
pub(crate) struct DeleteDestination {
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Lists the account's notification policies that send to webhooks
#[derive(Args, Debug)]
#[command(after_help = help!("policy list", "policy list --all", "policy list --json | jq .destinations"))]
pub(crate) struct ListPolicies {
    /// Those without a webhook too
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Creates a notification policy from an alert to a destination
#[derive(Args, Debug)]
#[command(after_help = help!("policy create --destination 9a1c0de51f4b4d5f8b6b1d2f1c0ffee1"))]
pub(crate) struct CreatePolicy {
    /// Where it sends to; may be repeated
    #[arg(long, required = true, value_name = "ID", value_delimiter = ',')]
    pub(crate) destination: Vec<String>,
    /// What Cloudflare shows it as
    #[arg(long, default_value = "certhooks", value_name = "NAME")]
    pub(crate) name: String,
    /// What it is about; by default SSL for SaaS custom hostnames
    #[arg(
        long,
        default_value = providers::cloudflare::CUSTOM_HOSTNAMES_ALERT,
        value_name = "TYPE"
    )]
    pub(crate) alert_type: String,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Deletes a notification policy
#[derive(Args, Debug)]
#[command(after_help = help!("policy delete 0b5f4c3e2d1a40998877665544332211"))]
pub(crate) struct DeletePolicy {
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// The whole way: destination, policy for custom hostname certificates, live test
///
/// What is there already is left alone, so running it again changes nothing: a destination with this
/// address is kept, and a policy that is switched off is switched on.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "subscribe --endpoint https://hooks.example.com/webhooks/cloudflare --state .certhooks",
    "subscribe --endpoint http://127.0.0.1:3000/webhooks/cloudflare --base http://127.0.0.1:8080/client/v4",
))]
pub(crate) struct Subscribe {
    /// Address of the door: https on port 443 (http on a loopback address)
    #[arg(long, value_name = "URL", required_unless_present = "stack")]
    pub(crate) endpoint: Option<String>,
    /// What Cloudflare shows destination and policy as, if they are made
    #[arg(long, default_value = "certhooks", value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) here: Here,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Gives Cloudflare a new secret, without a refused event
///
/// A destination's secret cannot be edited, so: the new secret is stored as pending, and the door takes
/// both; a new destination is made with it, which Cloudflare tests; the policies are moved to it; the
/// old destination is removed; the new secret becomes the current one. Stopped anywhere, run it again:
/// it finishes, or with --roll-back undoes it.
#[derive(Args, Debug)]
#[command(after_help = help!("rotate --state .certhooks", "rotate --compromised", "rotate --roll-back"))]
pub(crate) struct Rotate {
    /// Address of the door, where policies send to several
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// End the old secret at once, instead of letting it count for another 24 hours
    #[arg(long, conflicts_with = "roll_back")]
    pub(crate) compromised: bool,
    /// Undo a rotation that was stopped: the current secret stays
    #[arg(long)]
    pub(crate) roll_back: bool,
    #[command(flatten)]
    pub(crate) here: Here,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Which account, with which token.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// Account id; else CLOUDFLARE_ACCOUNT_ID
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// File with the API token, - for standard input; else CLOUDFLARE_API_TOKEN, else the state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) api_token_file: Option<PathBuf>,
    /// Base of the API; else CLOUDFLARE_API_BASE, else Cloudflare's
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: AtProvider,
}

/// Where a destination's secret comes from.
#[derive(Args, Debug)]
pub(crate) struct WebhookSecret {
    /// File with the secret, - for standard input; else CLOUDFLARE_WEBHOOK_AUTH, else the state folder
    #[arg(long, value_name = "FILE", conflicts_with = "stack")]
    pub(crate) secret_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) here: Here,
}

impl Cloudflare {
    pub(crate) fn access(&self) -> &Access {
        match self {
            Self::Destination(Destination::Create(command)) => &command.access,
            Self::Destination(Destination::Delete(command)) => &command.access,
            Self::Destination(Destination::List(command)) => &command.access,
            Self::Destination(Destination::Test(command)) => &command.access,
            Self::Policy(Policy::Create(command)) => &command.access,
            Self::Policy(Policy::Delete(command)) => &command.access,
            Self::Policy(Policy::List(command)) => &command.access,
            Self::Rotate(command) => &command.access,
            Self::Subscribe(command) => &command.access,
        }
    }
}
