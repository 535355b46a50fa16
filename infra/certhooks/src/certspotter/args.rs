use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::CommonArgs;

/// What follows the options of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        crate::args::help!("certspotter", $($example),+)
    };
}

/// Lists what Cert Spotter found, and authorizes keys in advance
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks certspotter issuances example.com")]
pub(crate) struct Certspotter {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) access: Access,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Authorize(Authorize),
    Issuances(Issuances),
}

/// Authorizes a key, so that no webhook announces its certificates
///
/// The certificates are listed all the same, and so delivered by reconciliation. Takes a certificate request, a public
/// key or a certificate in PEM.
#[derive(Args, Debug)]
#[command(after_help = help!("authorize request.csr", "authorize key.pub --name shop.example.com"))]
pub(crate) struct Authorize {
    /// PEM file with a request, a public key or a certificate, - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// DNS name for which the key is authorized; by default those of the file; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Vec<String>,
}

/// Lists the unexpired certificates that the logs show for a domain and what is below it, oldest first
#[derive(Args, Debug)]
#[command(after_help = help!("issuances example.com", "issuances example.com --json | jq .tbs_sha256"))]
pub(crate) struct Issuances {
    /// Registered domain, or a name below one
    #[arg(value_name = "DOMAIN")]
    pub(crate) domain: String,
    /// List only what was found after the issuance with this id
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
}

/// The account's API key.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// File with the API key, - for standard input; else CERTSPOTTER_API_KEY, else the state folder's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Base URL of the API; else CERTSPOTTER_API_BASE (SSLMATE_API_BASE to authorize), else Cert Spotter's own
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
