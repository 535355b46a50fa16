use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, value_parser};
use ipnet::IpNet;

use crate::cloudflare::args::Cloudflare;
use crate::dead_letters::args::DeadLetters;
use crate::digicert::Webhook;
use crate::doctor::words::Doctor;
use crate::meta::args::Meta;
use crate::moment::age;
use crate::options::ProviderName;
use crate::reconcile::args::Reconcile;
use crate::replay::args::Replay;
use crate::status::words::Status;

/// Certificate webhooks in, complete certificate events out.
#[derive(Debug, Parser)]
#[command(
    name = "certhooks",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  certhooks local\n  certhooks send events/digicert/certificate_issued.json\n  \
        certhooks tail --from-start\n  certhooks doctor\n\n\
        Every command has its own: certhooks COMMAND --help"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const WEBHOOK_EXAMPLES: &str = "Examples:\n  certhooks digicert webhook show\n  \
    certhooks digicert webhook subscribe --endpoint https://hooks.example.com/webhooks/digicert";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Local(Local),
    Send(Send),
    Tail(Tail),
    Status(Status),
    /// CertCentral's side
    #[command(subcommand, after_help = WEBHOOK_EXAMPLES)]
    Digicert(Digicert),
    /// Cloudflare's side: webhook destinations and notification policies
    #[command(
        subcommand,
        after_help = "Example:\n  certhooks cloudflare subscribe --account ID \\\n    \
            --endpoint https://hooks.example.com/webhooks/cloudflare"
    )]
    Cloudflare(Cloudflare),
    /// Meta's side, which is retired
    #[command(
        subcommand,
        after_help = "Example:\n  certhooks meta subscribe --app ID --domain example.com \\\n    \
            --endpoint https://hooks.example.com/webhooks/meta-ct"
    )]
    Meta(Meta),
    Reconcile(Reconcile),
    Replay(Replay),
    #[command(
        subcommand,
        after_help = "Examples:\n  certhooks dead-letters list\n  \
            certhooks dead-letters retry --provider digicert --newer 2h"
    )]
    DeadLetters(DeadLetters),
    Doctor(Doctor),
    Completions(Completions),
}

impl Command {
    /// Of a command that leaves the report of its failure to whoever called it.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Local(local) => local.json,
            Self::Send(send) => send.json,
            Self::Tail(tail) => tail.json,
            Self::Doctor(doctor) => doctor.json,
            _ => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Digicert {
    /// The webhook of the CertCentral account
    #[command(subcommand, after_help = WEBHOOK_EXAMPLES)]
    Webhook(Webhook),
}

/// Runs doors, queue, worker and simulator in one process
///
/// A provider with an API key is called for real, one without is simulated. Keys come from
/// DIGICERT_API_KEY, CLOUDFLARE_API_TOKEN and META_ACCESS_TOKEN, webhook secrets from
/// DIGICERT_WEBHOOK_KEY, CLOUDFLARE_WEBHOOK_AUTH, META_APP_SECRET and META_VERIFY_TOKEN, or all of
/// them from secrets.json in the state folder, which is made on the first start.
///
/// Stops on Ctrl-C or SIGTERM once what is under way is done; what waits goes on at the next start.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  certhooks local --listen 127.0.0.1:3000 --state .certhooks\n  \
    certhooks local --samples events\n  certhooks local --trusted-proxy 10.0.0.0/8 --json\n\n\
    Exit status: 0 stopped by a signal; 1 failed; 2 wrong usage."
)]
pub(crate) struct Local {
    /// Address of the doors
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Folder of queue, ledger, archive and secrets
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Believe X-Forwarded-For from this range, and only from there
    #[arg(long, value_name = "CIDR")]
    pub(crate) trusted_proxy: Vec<IpNet>,
    /// Send the event files under this folder through the doors once, and show each as it passes
    #[arg(long, value_name = "DIR")]
    pub(crate) samples: Option<PathBuf>,
    /// Look so often for what CertCentral failed to send, where it is called for real; 0s for never
    #[arg(long, default_value = "15m", value_name = "AGE", value_parser = every)]
    pub(crate) reconcile_every: Duration,
    /// Log as JSON at a terminal too: one object a line, on standard error; an error too
    #[arg(long, conflicts_with = "samples")]
    pub(crate) json: bool,
}

/// Sends event files to a door, with the key or signature that the provider would send
///
/// Exit status: 0 when every answer was 2xx, 1 when not, 2 for wrong usage.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks send events/digicert/certificate_issued.json\n  \
    certhooks send events/cloudflare/*.json --count 100 --rate 20 --to https://hooks.example.com")]
pub(crate) struct Send {
    /// Event files: the body as the provider sends it
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Where the doors are
    #[arg(long, default_value = "http://127.0.0.1:3000", value_name = "URL", value_parser = door)]
    pub(crate) to: reqwest::Url,
    /// State folder with the secrets, unless the environment has them
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// The provider, where the file does not tell
    #[arg(long)]
    pub(crate) provider: Option<ProviderName>,
    /// Send each file so many times, each copy with other ids
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u64).range(1..), allow_negative_numbers = true)]
    pub(crate) count: u64,
    /// Send the very same bytes every time: redeliveries
    #[arg(long)]
    pub(crate) same: bool,
    /// Requests a second; as fast as they are answered when unset
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    /// One JSON object a line; errors too
    #[arg(long)]
    pub(crate) json: bool,
}

/// Shows delivered certificate events as they come
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks tail\n  \
    certhooks tail --json --from-start --no-follow | jq .subject\n\n\
    Exit status: 0 ended, as --no-follow says; 1 failed; 2 wrong usage.")]
pub(crate) struct Tail {
    /// State folder of `certhooks local`
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// The certificate event itself, one a line; an error as JSON too
    #[arg(long)]
    pub(crate) json: bool,
    /// Begin with the first event that is kept
    #[arg(long)]
    pub(crate) from_start: bool,
    /// End with the last one
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
    pub(crate) shell: clap_complete::Shell,
}

fn door(text: &str) -> Result<reqwest::Url, String> {
    let address = text.parse::<reqwest::Url>().map_err(|error| error.to_string())?;
    let is_http = matches!(address.scheme(), "http" | "https");
    is_http.then_some(address).ok_or_else(|| "must begin with http:// or https://".into())
}

fn every(text: &str) -> Result<Duration, String> {
    let age = age(text).and_then(|age| Duration::try_from(age).ok());
    age.ok_or_else(|| "must be an age such as 90s, 15m or 1h".into())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().map_err(|error| error.to_string())?;
    let is_usable = (0.001..=1e6).contains(&rate);
    is_usable.then_some(rate).ok_or_else(|| "must be between 0.001 and 1000000".into())
}
