use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::installation::InstallationArgs;

/// Shows the history of a certificate: what came when, its call-back, its delivery, and the state now
///
/// By order number of CertCentral, by hostname (of Cloudflare, or a DNS name in the certificate), by
/// serial number as any tool writes it (hex with or without colons, or decimal), or by the name that
/// this command prints. Whatever fits is shown, each certificate on its own.
///
/// An event is in it once it was delivered, and for 400 days; of each certificate the 200 that came
/// last. `stale` marks one that is older than the state which the certificate had reached.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks status 123456789\n  \
    certhooks status shop.example.com\n  \
    certhooks status 0A:1B:2C:3D:4E:5F --json | jq .state\n\n\
    Exit status: 0 shown; 1 failed; 2 wrong usage; 3 nothing is known of it.")]
pub(crate) struct Status {
    #[arg(value_name = "ORDER|HOSTNAME|SERIAL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    /// State folder of `certhooks local`
    #[arg(long, default_value = ".certhooks", value_name = "DIR", conflicts_with = "stack")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    /// One JSON object for each certificate, a line each
    #[arg(long)]
    pub(crate) json: bool,
}
