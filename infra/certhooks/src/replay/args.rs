use std::time::Duration;

use clap::Args;

use crate::archive::Filter;
use crate::args::{CommonArgs, StackArgs};
use crate::cli::with_variables;
use crate::time_parsing::parse_duration;

/// Processes archived events again, and delivers them to the deliveries queue or elsewhere
///
/// Each selected event is called back, checked and delivered as if it had just been received, with
/// `replayed: true`, the id ID/replay/RUN and its old id as `causationid`, so that a consumer takes it for
/// new. The ledger, the archived envelope and the state of its certificate are not changed. CertCentral's
/// challenges are not archived.
///
/// Events that must wait for their provider wait in this command, within the fifth of the API budget that
/// is reserved for the operator. Events are replayed by provider, day and id. When the command is stopped
/// or fails, it prints the options with which to continue the run, under the same ids. Another run has
/// another name, and delivers the same events again.
///
/// API keys come from the variables below, or from secrets.json in the state folder. The call-back of a provider without a key is `disabled`; nothing is simulated.
#[derive(Args, Debug)]
#[command(after_help = with_variables("Examples:\n  \
    certhooks replay --provider digicert --since 24h --dry-run\n  \
    certhooks replay --order 1234567890 --to - | jq .data.checks\n  \
    certhooks replay --stack certhooks --event certificate_issued --since 2026-11-01 \\\n    \
      --until 2026-11-08 --to https://sqs.eu-central-1.amazonaws.com/123456789012/staging\n\n\
    Exit status: 0 all replayed; 1 some could not be replayed, or failed; 2 wrong usage; 3 not found."))]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Replay every event of the archive
    #[arg(long)]
    pub(crate) all: bool,
    /// List the events that would be replayed, without calls to providers and without deliveries
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Target of the certificate events: a state folder, a file to append JSON lines to, - for standard
    /// output, or with --stack the URL of a queue, such as that of one consumer; when unset, where the
    /// worker delivers: the deliveries queue, or the topic of a stack that fans out, with all its consumers
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<String>,
    /// Key of the archive to continue after, as an earlier run printed it; with its --run
    #[arg(long, value_name = "KEY")]
    pub(crate) after: Option<String>,
    /// Name of an earlier run to go on with, as it was printed: its events keep their ids
    #[arg(long, value_name = "RUN", value_parser = run)]
    pub(crate) run: Option<String>,
    /// Maximum duration of retries for one event before it is given up: 90s, 10m, 2h
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) patience: Duration,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// What an id of the contract may hold, and a shell need not quote.
fn run(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_valid = (1..=40).contains(&text.len()) && text.bytes().all(is_plain);
    is_valid
        .then(|| text.to_owned())
        .ok_or_else(|| "must be 1 to 40 letters, digits, dots, dashes or underscores".to_owned())
}
