use std::path::PathBuf;

use clap::Args;

use crate::options::Kinds;
use crate::stack::Here;

/// Takes archived events through the current code once more, to the deliveries queue or elsewhere
///
/// Each chosen envelope of the archive is called back, checked and delivered as if it had just come, past
/// the ledger: with its old id and `replayed: true`. The ledger, the archived envelope and the state of
/// its certificate stay as they are. CertCentral's challenges are not in the archive.
///
/// Events that must wait for their provider wait in this command, within the operator's fifth of the API
/// budget. It goes by provider, day and id; when it is stopped or something failed, it names the option
/// that goes on from there. A second run delivers the same events again, with the same ids.
///
/// API keys come from DIGICERT_API_KEY, CLOUDFLARE_API_TOKEN and META_ACCESS_TOKEN, or from secrets.json
/// in the state folder. A provider without one is simulated, as `certhooks local` does; with --stack its
/// events say `disabled`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks replay --provider digicert --since 24h --dry-run\n  \
    certhooks replay --order 1234567890 --to - | jq .data.checks\n  \
    certhooks replay --stack certhooks --event certificate_issued --since 2026-11-01 \\\n    \
      --until 2026-11-08 --to https://sqs.eu-central-1.amazonaws.com/123456789012/staging\n\n\
    Exit status: 0 all replayed; 1 some could not be, or failed on the way; 2 wrong usage; 3 the archive \
    has no such event.")]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Every event of the archive
    #[arg(long)]
    pub(crate) all: bool,
    /// List what would be replayed; nobody is called and nothing delivered
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where the certificate events go: a state folder, a file to append JSON lines to, - for standard
    /// output, with --stack the URL of a queue; else the deliveries queue
    #[arg(long, value_name = "TARGET")]
    pub(crate) to: Option<String>,
    /// Go on after this key of the archive, as an earlier run named it
    #[arg(long, value_name = "KEY")]
    pub(crate) after: Option<String>,
    /// Give an event up when its provider failed for so long: 90s, 10m, 2h
    #[arg(long, default_value = "10m", value_name = "TIME")]
    pub(crate) patience: String,
    /// State folder: archive, deliveries queue and API keys
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) here: Here,
    /// One JSON object a line; errors too
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which events; those that meet all that is given.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which events")]
pub(crate) struct Filter {
    #[command(flatten)]
    pub(crate) kinds: Kinds,
    /// With this id; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
    /// About this CertCentral order; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) order: Vec<u64>,
    /// That name this hostname or domain; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Vec<String>,
    /// Received since: 90m, 24h, 7d, 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Received before: in the same forms
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
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
