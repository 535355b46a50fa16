use std::time::Duration;

use clap::Args;
use time::OffsetDateTime;

use crate::args::{CommonArgs, EventFilter, StackArgs};
use crate::cli::with_variables;
use crate::time_parsing::{parse_duration, parse_time};

/// Processes archived events again, and delivers them to the deliveries queue or elsewhere
///
/// Each selected event is called back, checked and delivered as if it had just been received, with its old
/// id and `replayed: true`. The ledger does not suppress it as a duplicate. The ledger, the archived
/// envelope and the state of its certificate are not changed. CertCentral's challenges are not archived.
///
/// Events that must wait for their provider wait in this command, within the fifth of the API budget that
/// is reserved for the operator. Events are replayed by provider, day and id. When the command is stopped
/// or fails, it prints the option with which to continue. A second run delivers the same events again,
/// with the same ids.
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
    /// output, or with --stack the URL of a queue; the deliveries queue when unset
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<String>,
    /// Key of the archive to continue after, as an earlier run printed it
    #[arg(long, value_name = "KEY")]
    pub(crate) after: Option<String>,
    /// Maximum duration of retries for one event before it is given up: 90s, 10m, 2h
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) patience: Duration,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The events to replay; they must meet every condition that is given.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filter {
    #[command(flatten)]
    pub(crate) kinds: EventFilter,
    /// Event id to select; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
    /// CertCentral order to select; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) order: Vec<u64>,
    /// Hostname or domain to select; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Vec<String>,
    /// Select events received at or after this age or time: 90m, 24h, 7d, 2026-11-01 or
    /// 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<OffsetDateTime>,
    /// Select events received before this age or time, in the same forms
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<OffsetDateTime>,
}

impl Filter {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { kinds, id, order, hostname, since, until } = self;
        kinds.is_empty()
            && id.is_empty()
            && order.is_empty()
            && hostname.is_empty()
            && since.is_none()
            && until.is_none()
    }
}
