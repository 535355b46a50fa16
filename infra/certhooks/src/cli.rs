use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, value_parser};
use ipnet::IpNet;

use crate::args::{CommonArgs, DEFAULT_STATE, ProviderName};
use crate::cloudflare::args::Cloudflare;
use crate::dead_letters::args::DeadLetters;
use crate::digicert::args::Webhook;
use crate::digicert::reconcile::Reconcile;
use crate::doctor::args::Doctor;
use crate::inspect::Inspect;
use crate::replay::args::Replay;
use crate::status::Status;
use crate::time_parsing::parse_duration;

/// Turns certificate webhooks into complete certificate events
#[derive(Debug, Parser)]
#[command(
    name = "certhooks",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  certhooks local\n  certhooks send events/digicert/certificate_issued.json\n  \
        certhooks tail --from-start\n  certhooks doctor\n\n\
        Options and examples of a command: certhooks COMMAND --help"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Local(Local),
    Send(Send),
    Tail(Tail),
    Status(Status),
    /// Manages the webhook of a CertCentral account
    #[command(
        subcommand,
        after_help = "Examples:\n  certhooks digicert webhook show\n  \
            certhooks digicert webhook subscribe --endpoint https://hooks.example.com/webhooks/digicert"
    )]
    Digicert(Digicert),
    Cloudflare(Cloudflare),
    Reconcile(Reconcile),
    Replay(Replay),
    DeadLetters(DeadLetters),
    Doctor(Doctor),
    Inspect(Inspect),
    Completions(Completions),
}

impl Command {
    /// Whether an error is to be printed as JSON.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Local(local) => local.json,
            Self::Send(send) => send.common.json,
            Self::Tail(tail) => tail.common.json,
            Self::Status(status) => status.common.json,
            Self::Digicert(Digicert::Webhook(webhook)) => webhook.access.common.json,
            Self::Cloudflare(cloudflare) => cloudflare.access.common.json,
            Self::Reconcile(reconcile) => reconcile.access.common.json,
            Self::Replay(replay) => replay.common.json,
            Self::DeadLetters(dead_letters) => dead_letters.common.json,
            Self::Doctor(doctor) => doctor.common.json,
            Self::Inspect(inspect) => inspect.json,
            Self::Completions(_) => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Digicert {
    Webhook(Webhook),
}

/// Runs webhook endpoints, queues and worker in one process
///
/// A provider with an API key is called for real. A provider without one has its call-back disabled:
/// its events are delivered without the certificate. (A program that is built with the feature
/// `simulator` simulates such a provider instead.)
///
/// API keys come from DIGICERT_API_KEY, CLOUDFLARE_API_TOKEN and META_ACCESS_TOKEN, webhook secrets
/// from DIGICERT_WEBHOOK_KEY, CLOUDFLARE_WEBHOOK_AUTH, META_APP_SECRET and META_VERIFY_TOKEN, or all of
/// them from secrets.json in the state folder, which the first start creates.
///
/// Stops on Ctrl-C or SIGTERM once open requests and messages in progress are done; the next start
/// continues with the messages on the queue.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  certhooks local --listen 127.0.0.1:3000 --state .certhooks\n  \
    certhooks local --samples events\n  certhooks local --trusted-proxy 10.0.0.0/8 --json\n\n\
    Exit status: 0 stopped by a signal; 1 failed; 2 wrong usage."
)]
pub(crate) struct Local {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// State folder: queues, ledger, archive and secrets
    #[arg(long, default_value = DEFAULT_STATE, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Address range of a proxy whose X-Forwarded-For is trusted; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub(crate) trusted_proxy: Vec<IpNet>,
    /// Folder of event files to send to the webhook endpoints once; prints a line for each event
    #[arg(long, value_name = "DIR")]
    pub(crate) samples: Option<PathBuf>,
    /// Interval between reconciliations with providers that are called for real; 0s turns them off
    #[arg(long, default_value = "15m", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) reconcile_every: Duration,
    /// Log one JSON object a line on standard error, also at a terminal; print errors as JSON
    #[arg(long, conflicts_with = "samples")]
    pub(crate) json: bool,
}

/// Sends event files to a webhook endpoint, with the key or signature that the provider would send
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks send events/digicert/certificate_issued.json\n  \
    certhooks send events/cloudflare/*.json --count 100 --rate 20 --to https://hooks.example.com\n\n\
    Exit status: 0 every answer was 2xx; 1 another answer, or failed; 2 wrong usage.")]
pub(crate) struct Send {
    /// Event file that holds the body as the provider sends it
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Base address of the webhook endpoints, without the provider's route
    #[arg(long, default_value = "http://127.0.0.1:3000", value_name = "URL", value_parser = http_url)]
    pub(crate) to: reqwest::Url,
    /// Provider of the events; by default recognised by the form of each file
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<ProviderName>,
    /// Number of copies to send per file, each copy with different ids
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u64).range(1..), allow_negative_numbers = true)]
    pub(crate) count: u64,
    /// Send the same bytes for every copy, as a redelivery does
    #[arg(long)]
    pub(crate) same: bool,
    /// Maximum number of requests a second; unlimited by default
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Shows delivered certificate events as they arrive
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks tail\n  \
    certhooks tail --json --from-start --no-follow | jq .subject\n\n\
    Exit status: 0 ended after --no-follow; 1 failed; 2 wrong usage.")]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Begin with the first stored event instead of the next new one
    #[arg(long)]
    pub(crate) from_start: bool,
    /// End after the last stored event
    #[arg(long)]
    pub(crate) no_follow: bool,
}

/// Prints a completion script for a shell
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  certhooks completions bash > /etc/bash_completion.d/certhooks\n  \
    certhooks completions zsh > \"${fpath[1]}/_certhooks\"\n  \
    certhooks completions fish > ~/.config/fish/completions/certhooks.fish\n\n\
    Exit status: 0 printed; 2 wrong usage."
)]
pub(crate) struct Completions {
    /// Shell that the script is for
    pub(crate) shell: clap_complete::Shell,
}

fn http_url(text: &str) -> Result<reqwest::Url, String> {
    let address = text.parse::<reqwest::Url>().map_err(|error| error.to_string())?;
    let is_http = matches!(address.scheme(), "http" | "https");
    is_http.then_some(address).ok_or_else(|| "must begin with http:// or https://".into())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().map_err(|error| error.to_string())?;
    let is_usable = (0.001..=1e6).contains(&rate);
    is_usable.then_some(rate).ok_or_else(|| "must be a number between 0.001 and 1000000".into())
}
