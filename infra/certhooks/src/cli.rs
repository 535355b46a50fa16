use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, value_parser};
use ipnet::IpNet;
use processing::http::is_loopback;
use providers::profile;
use providers::secret_member::SecretMember;
use time::OffsetDateTime;

use crate::archive::ArchiveArgs;
use crate::args::{CommonArgs, DEFAULT_STATE, DeliveryFilter, ProviderName, STATE_VARIABLE};
use crate::backup::Backup;
use crate::certificates::Certificates;
use crate::dead_letters::args::DeadLetters;
use crate::doctor::args::Doctor;
use crate::erase::Erase;
use crate::expect::Expect;
use crate::forecast::Forecast;
use crate::forget::Forget;
use crate::forward::args::Forward;
use crate::inspect::Inspect;
use crate::page::args::Page;
use crate::queue::args::Queue;
use crate::reconcile::Reconcile;
use crate::replay::args::Replay;
use crate::rows;
use crate::status::Status;
use crate::time_parsing::{parse_duration, parse_time};
use crate::version;

/// Turns certificate webhooks into complete certificate events
#[derive(Debug, Parser)]
#[command(
    name = "certhooks",
    version = version::text(),
    max_term_width = 100,
    after_help = "Examples:\n  certhooks local\n  certhooks send events/*/*.json\n  \
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
    Forward(Forward),
    Status(Status),
    Certificates(Certificates),
    Forecast(Forecast),
    Queue(Queue),
    Page(Page),
    Reconcile(Reconcile),
    Replay(Replay),
    Forget(Forget),
    Expect(Expect),
    Erase(Erase),
    Archive(ArchiveArgs),
    Backup(Backup),
    DeadLetters(DeadLetters),
    Doctor(Doctor),
    Inspect(Inspect),
    Completions(Completions),
    #[command(hide = true)]
    Man(Man),
}

/// The whole command line, with the providers' own commands.
pub(crate) fn command() -> clap::Command {
    rows::define(Cli::command())
}

/// The help text of a command that takes secrets: its examples, and the variables.
pub(crate) fn with_variables(examples: &str) -> String {
    let names = |members: &mut dyn Iterator<Item = SecretMember>| {
        members.map(|member| member.variable).collect::<Vec<_>>().join(", ")
    };
    let api = names(&mut profile::ALL.iter().map(|row| row.api.secret));
    let webhook = names(&mut profile::ALL.iter().flat_map(|row| row.webhook_secret).copied());
    format!("API keys: {api}.\nWebhook secrets: {webhook}.\n\n{examples}")
}

/// Runs webhook endpoints, queues and worker in one process
///
/// A provider with an API key is called for real. A provider without one has its call-back disabled: its
/// events are delivered without the certificate. With --simulate all providers are simulated: what they
/// answer is invented, and every event says `simulated`. A state folder is simulated or real from its
/// first start on.
///
/// API keys and webhook secrets come from the variables below, or from secrets.json in the state folder,
/// which the first start creates.
///
/// Stops on Ctrl-C or SIGTERM once open requests and messages in progress are done; the next start
/// continues with the messages on the queue.
#[derive(Args, Debug)]
#[command(
    after_help = with_variables("Examples:\n  certhooks local --listen 127.0.0.1:3000 --state .certhooks\n  \
    certhooks local --simulate --state .certhooks-demo\n  \
    certhooks local --trusted-proxy 10.0.0.0/8 --json\n\n\
    Exit status: 0 stopped by a signal; 1 failed; 2 wrong usage.")
)]
pub(crate) struct Local {
    /// Address and port to listen on
    #[arg(
        long,
        env = "CERTHOOKS_LISTEN",
        hide_env_values = true,
        default_value = "127.0.0.1:3000",
        value_name = "ADDRESS",
        value_parser = listen_address
    )]
    pub(crate) listen: SocketAddr,
    /// Address and port of /healthz, /readyz and /metrics, and of the page; port 0 picks one
    #[arg(
        long,
        env = "CERTHOOKS_ADMIN",
        hide_env_values = true,
        default_value = "127.0.0.1:3001",
        value_name = "ADDRESS"
    )]
    pub(crate) admin: SocketAddr,
    /// Serve the page of `certhooks page` on --admin also where that is not a loopback address. Whoever reaches it
    /// can read the events; only who opens the link that the start prints at a terminal can act
    #[arg(long)]
    pub(crate) page: bool,
    /// Show only: nothing can be done on the page
    #[arg(long)]
    pub(crate) page_read_only: bool,
    /// State folder: queues, ledger, archive and secrets
    #[arg(long, env = STATE_VARIABLE, hide_env_values = true, default_value = DEFAULT_STATE, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Address range of a proxy whose X-Forwarded-For is trusted; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = intake::proxy_range)]
    pub(crate) trusted_proxy: Vec<IpNet>,
    /// Simulate all providers (needs the feature `simulator`)
    #[arg(long)]
    pub(crate) simulate: bool,
    /// Simulate all providers, send the event files of this folder once, and show what is delivered
    #[arg(long, value_name = "DIR")]
    pub(crate) samples: Option<PathBuf>,
    /// Interval between reconciliations with providers that are called for real; 0s turns them off
    #[arg(long, default_value = "15m", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) reconcile_every: Duration,
    /// How long delivered events are kept, taken or not; by default as KEEP_DELIVERIES says, else 14d. The log
    /// names consumers that have not taken what is deleted soon
    #[arg(long, value_name = "DURATION", value_parser = parse_retention)]
    pub(crate) keep_deliveries: Option<Duration>,
    /// How long events are archived as they came, for replays; by default as KEEP_ARCHIVE says, else 365d
    #[arg(long, value_name = "DURATION", value_parser = parse_retention)]
    pub(crate) keep_archive: Option<Duration>,
    /// How long dead letters are kept; by default as KEEP_DEAD_LETTERS says, else 14d
    #[arg(long, value_name = "DURATION", value_parser = parse_retention)]
    pub(crate) keep_dead_letters: Option<Duration>,
    /// Make new webhook secrets where those of a state folder in use are lost. The providers must be given
    /// them
    #[arg(long)]
    pub(crate) new_secrets: bool,
    /// Log one JSON object a line on standard error, also at a terminal; print errors as JSON
    #[arg(long, conflicts_with = "samples")]
    pub(crate) json: bool,
}

/// Sends event files to a webhook endpoint, with the key or signature that the provider would send
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks send event.json\n  \
    certhooks send events/*/*.json --count 100 --rate 20 --to https://hooks.example.com\n\n\
    Exit status: 0 every answer was 2xx; 1 another answer, or failed; 2 wrong usage.")]
pub(crate) struct Send {
    /// Event file that holds the body as the provider sends it
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Base address of the webhook endpoints, without the provider's route; by default that of the `certhooks
    /// local` which runs on the state folder, else http://127.0.0.1:3000
    #[arg(long, value_name = "URL", value_parser = endpoint_base)]
    pub(crate) to: Option<reqwest::Url>,
    /// Provider of the events; by default recognised by the form of each file
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<ProviderName>,
    /// Number of copies to send per file, each copy with different ids
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u64).range(1..), allow_negative_numbers = true)]
    pub(crate) count: u64,
    /// Send the same bytes for every copy, as a redelivery does
    #[arg(long)]
    pub(crate) same: bool,
    /// Print a line for each request also where there are many; by default their sum, and what was not accepted
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Maximum number of requests a second; unlimited by default
    #[arg(long, value_name = "N", value_parser = rate, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Shows delivered certificate events as they arrive
///
/// It keeps no position and retries nothing; `certhooks forward` does.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks tail\n  \
    certhooks tail --since 24h --type certificate.issued\n  \
    certhooks tail --json --from-start --no-follow | jq .subject\n\n\
    Exit status: 0 ended after --no-follow; 1 failed; 2 wrong usage; 3 --after: no such event.")]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Begin with the first stored event instead of the next new one
    #[arg(long, conflicts_with_all = ["after", "since"])]
    pub(crate) from_start: bool,
    /// Begin after the event with this id
    #[arg(long, value_name = "ID", conflicts_with = "since")]
    pub(crate) after: Option<String>,
    /// Begin with the events delivered since this age or time: 90m, 24h, 7d, 2026-11-01 or
    /// 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<OffsetDateTime>,
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
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

/// Writes the manual pages, one for each command
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks man /usr/local/share/man/man1\n\n\
    Exit status: 0 written; 1 failed; 2 wrong usage.")]
pub(crate) struct Man {
    /// Folder that the pages are written to, which must exist
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// An address and port; `localhost` is 127.0.0.1.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text =
        text.strip_prefix("localhost:").map_or(text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| {
        "must be an address and a port, such as 127.0.0.1:3000, or 0.0.0.0:3000 for all addresses of this \
         machine"
            .to_owned()
    })
}

/// The address that secrets are sent to: https, or http on this machine.
fn endpoint_base(text: &str) -> Result<reqwest::Url, String> {
    let base = text.parse::<reqwest::Url>().map_err(|error| error.to_string())?;
    let is_safe = base.scheme() == "https" || (base.scheme() == "http" && is_loopback(&base));
    is_safe.then_some(base).ok_or_else(|| {
        "must begin with https:// (http:// is allowed on a loopback address only)".to_owned()
    })
}

/// How long something is kept. Less than an hour would leave no time to use it.
pub(crate) fn parse_retention(text: &str) -> Result<Duration, String> {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    let retention = parse_duration(text)?;
    (retention >= HOUR).then_some(retention).ok_or_else(|| "must be at least 1h".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().map_err(|error| error.to_string())?;
    let is_usable = (0.001..=1e6).contains(&rate);
    is_usable.then_some(rate).ok_or_else(|| "must be a number between 0.001 and 1000000".into())
}
