use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::options::AtProvider;
use crate::stack::Here;

#[derive(Debug, Subcommand)]
pub(crate) enum Meta {
    Subscribe(Subscribe),
}

/// Subscribes a Meta app to Certificate Transparency: both fields, and the domains of both kinds
///
/// Graph asks the endpoint for the handshake with the verify token of the state folder, or of the stack. What is there
/// already is left alone, so running it again changes nothing. Meta has retired the product: when
/// Graph answers so (code 100, subcode 33), this says it and ends with status 3.
#[derive(Args, Debug)]
#[command(after_help = concat!(
    "Examples:\n",
    "  certhooks meta subscribe --app 1234567890 --domain example.com \\\n",
    "    --endpoint https://hooks.example.com/webhooks/meta-ct\n",
    "  certhooks meta subscribe --app 1234567890 --access-token-file - < token.txt \\\n",
    "    --endpoint https://hooks.example.com/webhooks/meta-ct --domain a.example,b.example\n",
    "  certhooks meta subscribe --app 1234567890 --domain example.com --stack certhooks\n",
    "\nExit status: 0 done; 1 refused or failed; 2 wrong usage, nothing was sent; ",
    "3 nothing there: the product is retired."
))]
pub(crate) struct Subscribe {
    /// Address of the door: https (http on a loopback address); else that of the stack
    #[arg(long, value_name = "URL", required_unless_present = "stack")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) here: Here,
    /// Domain whose certificates to hear of; may be repeated; else META_DOMAINS
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) domain: Vec<String>,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Which app, with which token.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// App id; else META_APP_ID
    #[arg(long, value_name = "ID")]
    pub(crate) app: Option<String>,
    /// File with the app's access token (APPID|APPSECRET), - for standard input; else
    /// META_ACCESS_TOKEN, else the state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) access_token_file: Option<PathBuf>,
    /// Base of the Graph API; else META_API_BASE, else Meta's
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: AtProvider,
}
