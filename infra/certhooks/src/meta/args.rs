use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::ProviderArgs;
use crate::installation::InstallationArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Meta {
    Subscribe(Subscribe),
}

/// Subscribes a Meta app to Certificate Transparency: both fields, and the domains for both kinds of alert
///
/// Graph makes a handshake with the endpoint, with the verify token of the state folder or of the stack.
/// Steps that are already done are skipped, so running it again changes nothing. Meta has retired the
/// product: where Graph answers so (code 100, subcode 33), the command says so and ends with status 3.
#[derive(Args, Debug)]
#[command(after_help = concat!(
    "Examples:\n",
    "  certhooks meta subscribe --app 1234567890 --domain example.com \\\n",
    "    --endpoint https://hooks.example.com/webhooks/meta-ct\n",
    "  certhooks meta subscribe --app 1234567890 --access-token-file - < token.txt \\\n",
    "    --endpoint https://hooks.example.com/webhooks/meta-ct --domain a.example,b.example\n",
    "  certhooks meta subscribe --app 1234567890 --domain example.com --stack certhooks\n",
    "\nExit status: 0 done; 1 refused or failed; 2 wrong usage, nothing was sent; ",
    "3 not found: the product is retired."
))]
pub(crate) struct Subscribe {
    /// Address of the webhook endpoint: https, or http on a loopback address; with --stack that of the
    /// stack when unset
    #[arg(long, value_name = "URL", required_unless_present = "stack")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    /// Domain whose certificates to report; may be repeated; else META_DOMAINS
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) domain: Vec<String>,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// The app and its access token.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// Id of the app; else META_APP_ID
    #[arg(long, value_name = "ID")]
    pub(crate) app: Option<String>,
    /// File with the app's access token (APPID|APPSECRET), - for standard input; else
    /// META_ACCESS_TOKEN, else the state folder's
    #[arg(long, value_name = "FILE")]
    pub(crate) access_token_file: Option<PathBuf>,
    /// Base URL of the Graph API; else META_API_BASE, else Meta's own
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: ProviderArgs,
}
