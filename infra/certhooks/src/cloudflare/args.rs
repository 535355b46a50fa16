use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::{CommonArgs, EndpointArgs, RotationArgs, StackArgs};

/// What follows the options of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        crate::args::help!("cloudflare", $($example),+)
    };
}

/// Manages webhook destinations and notification policies of a Cloudflare account
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks cloudflare subscribe --account ID \\\n    \
    --endpoint https://hooks.example.com/webhooks/cloudflare")]
pub(crate) struct Cloudflare {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) access: Access,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Manages the webhooks that notifications can be sent to
    #[command(subcommand, after_help = help!("destination list"))]
    Destination(Destination),
    /// Manages the policies that send alerts to destinations
    #[command(subcommand, after_help = help!("policy list"))]
    Policy(Policy),
    Rotate(Rotate),
    Subscribe(Subscribe),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Destination {
    Create(CreateDestination),
    /// Deletes a destination, unless a policy sends to it
    #[command(after_help = help!("destination delete 9a1c0de51f4b4d5f8b6b1d2f1c0ffee1"))]
    Delete {
        /// Id of the destination
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Lists the account's webhook destinations, without their secrets, which Cloudflare never shows
    #[command(after_help = help!("destination list", "destination list --json | jq .url"))]
    List,
    Test(Test),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Create(CreatePolicy),
    /// Deletes a notification policy
    #[command(after_help = help!("policy delete 0b5f4c3e2d1a40998877665544332211"))]
    Delete {
        /// Id of the policy
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Lists the account's notification policies that send to webhooks
    #[command(after_help = help!("policy list", "policy list --all", "policy list --json | jq .destinations"))]
    List {
        /// List also policies that send to no webhook
        #[arg(long)]
        all: bool,
    },
}

/// Creates a webhook destination
///
/// Cloudflare sends it a test first, which must be answered with 2xx, so the webhook endpoint must be
/// running with the secret.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "destination create --endpoint https://hooks.example.com/webhooks/cloudflare",
    "destination create --endpoint https://hooks.example.com/webhooks/cloudflare --secret-file - < s.txt",
))]
pub(crate) struct CreateDestination {
    /// Address of the webhook endpoint: https on port 443, or http on a loopback address
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: String,
    /// Name of the destination at Cloudflare
    #[arg(long, default_value = "certhooks", value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) secret: WebhookSecret,
}

/// Triggers Cloudflare's live test of a destination
///
/// Cloudflare sends the test when a destination is saved, so it is saved unchanged, with the secret that
/// the options name or that of the state folder. The test contains no event and reaches no consumer.
#[derive(Args, Debug)]
#[command(after_help = help!("destination test", "destination test 9a1c0de51f4b4d5f8b6b1d2f1c0ffee1"))]
pub(crate) struct Test {
    /// Id of the destination; the account's only one when unset
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) secret: WebhookSecret,
}

/// Creates a notification policy that sends an alert to destinations
#[derive(Args, Debug)]
#[command(after_help = help!("policy create --destination 9a1c0de51f4b4d5f8b6b1d2f1c0ffee1"))]
pub(crate) struct CreatePolicy {
    /// Id of the destination to send to; may be repeated
    #[arg(long, required = true, value_name = "ID", value_delimiter = ',')]
    pub(crate) destination: Vec<String>,
    /// Name of the policy at Cloudflare
    #[arg(long, default_value = "certhooks", value_name = "NAME")]
    pub(crate) name: String,
    /// Type of the alert; by default that of SSL for SaaS custom hostnames
    #[arg(
        long,
        default_value = providers::cloudflare::CUSTOM_HOSTNAMES_ALERT,
        value_name = "TYPE"
    )]
    pub(crate) alert_type: String,
}

/// Sets up destination, live test, and policy for custom hostname certificates
///
/// Steps that are already done are skipped, so running it again changes nothing: a destination with this
/// address is kept. A policy that is disabled is enabled.
#[derive(Args, Debug)]
#[command(after_help = help!(
    "subscribe --endpoint https://hooks.example.com/webhooks/cloudflare --state .certhooks",
    "subscribe --endpoint http://127.0.0.1:3000/webhooks/cloudflare --base http://127.0.0.1:8080/client/v4",
))]
pub(crate) struct Subscribe {
    #[command(flatten)]
    pub(crate) endpoint: EndpointArgs,
    /// Name of the destination and the policy at Cloudflare, where they are created
    #[arg(long, default_value = "certhooks", value_name = "NAME")]
    pub(crate) name: String,
}

/// Replaces the webhook secret without refusing an event
///
/// A destination's secret cannot be changed. So the new secret is stored as pending, and the webhook
/// endpoint accepts both; a new destination is created with it, which Cloudflare tests; the policies are
/// moved to it; the old destination is deleted; the new secret becomes the current one. A rotation that
/// was stopped finishes when the command is run again, or is undone with --roll-back.
#[derive(Args, Debug)]
#[command(after_help = help!("rotate --state .certhooks", "rotate --compromised --since 7d", "rotate --roll-back"))]
pub(crate) struct Rotate {
    /// Address of the webhook endpoint; required where policies send to several
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) rotation: RotationArgs,
}

/// The account and its API token.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// Id of the account; else CLOUDFLARE_ACCOUNT_ID
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// File with the API token, - for standard input; else CLOUDFLARE_API_TOKEN, else the state folder's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) api_token_file: Option<PathBuf>,
    /// Base URL of the API; else CLOUDFLARE_API_BASE, else Cloudflare's own
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The source of a destination's secret.
#[derive(Args, Debug)]
pub(crate) struct WebhookSecret {
    /// File with the secret, - for standard input; else CLOUDFLARE_WEBHOOK_AUTH, else the state folder's
    #[arg(long, value_name = "FILE", conflicts_with = "stack")]
    pub(crate) secret_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
}
