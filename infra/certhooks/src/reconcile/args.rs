use clap::Args;
use reconciliation::MAX_WINDOW;

use crate::digicert::Access;
use crate::installation::InstallationArgs;
use crate::time_parsing::parse_duration;

/// Finds events that CertCentral failed to send, and puts them on the events queue
///
/// Compares CertCentral's log of sent events, and the orders whose status changed, with the events that
/// were delivered. An event that was never sent, or not answered with 2xx, is put on the events queue
/// as the webhook endpoint would have done, marked `reconciled`; each id at most once in 24 hours.
/// `certhooks local` need not be running, but may be. The command can be stopped and run again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks reconcile --dry-run\n  \
    certhooks reconcile --window 7d --json | jq .still_missing\n  \
    certhooks reconcile --state .certhooks --eu\n\n\
    Exit status: 0 done, and nothing is missing; 1 something is still missing, or refused or \
    failed; 2 wrong usage.")]
pub(crate) struct Reconcile {
    /// Age of the oldest events to compare: 90m, 24h, at most 7d; else RECONCILE_WINDOW_MINUTES, else 24h
    #[arg(long, value_name = "AGE", value_parser = window)]
    pub(crate) window: Option<u32>,
    /// Show what would be put on the queue without doing so
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// The window in whole minutes.
fn window(text: &str) -> Result<u32, String> {
    let minutes = parse_duration(text).and_then(|age| u32::try_from(age.whole_minutes()).ok());
    minutes
        .filter(|minutes| (1..=MAX_WINDOW).contains(minutes))
        .ok_or_else(|| "must be an age from 1m to 7d, such as 90m or 24h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn windows_are_a_minute_to_seven_days() {
        for (text, minutes) in [("1m", 1), ("90m", 90), ("24h", 1440), ("7d", 10_080), ("120s", 2)]
        {
            assert_eq!(window(text), Ok(minutes), "{text}");
        }
        for text in ["59s", "0m", "8d", "10081m", "24", "-1h", "yesterday", ""] {
            assert!(window(text).is_err(), "{text}");
        }
    }
}
