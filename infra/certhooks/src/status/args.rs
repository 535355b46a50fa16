use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::installation::InstallationArgs;

/// Shows the history of a certificate: its events, their call-backs and deliveries, and its state
///
/// Finds certificates by CertCentral order number, by hostname (of Cloudflare, or a DNS name in the
/// certificate), by serial number (hexadecimal with or without colons, or decimal), or by the name that
/// this command prints. Every certificate that matches is shown.
///
/// The history holds an event from its delivery on, for 400 days, and at most the last 200 events of a
/// certificate. `stale` marks an event that is older than the state that the certificate had reached.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks status 123456789\n  \
    certhooks status shop.example.com\n  \
    certhooks status 0A:1B:2C:3D:4E:5F --json | jq .state\n\n\
    Exit status: 0 found; 1 failed; 2 wrong usage; 3 not found.")]
pub(crate) struct Status {
    /// Order number, hostname, serial number, or name that this command prints
    #[arg(value_name = "ORDER|HOSTNAME|SERIAL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// State folder of `certhooks local`
    #[arg(long, default_value = ".certhooks", value_name = "DIR", conflicts_with = "stack")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    /// Print one JSON object a line, one for each certificate
    #[arg(long)]
    pub(crate) json: bool,
}
