use boot::Environment;
use clap::Args;
use envelope::{Provider, rfc3339};
use providers::profile;
use reconciliation::{Counts, Job, MAX_WINDOW, RecoveryStatus, Report, Row, Settings};
use serde_json::{Value, json};

use crate::args::StackArgs;
use crate::client::base_url;
use crate::digicert::args::Access;
use crate::display::short;
use crate::error::{CommandError, CommandResult};
use crate::installation;
use crate::output::{Output, say};
use crate::time_parsing::parse_duration;

/// Finds events that did not arrive, and puts them on the events queue
///
/// Compares CertCentral's log of sent events, and the orders whose status changed, with the events that
/// were delivered; or Cloudflare's history of notifications; or the certificates that Cert Spotter lists. An event that was never sent, not answered
/// with 2xx, or did not arrive is put on the events queue as the webhook endpoint would have done, marked
/// `reconciled`; each id at most once in 24 hours. Without `--window` it looks back to the last complete
/// run. `certhooks local` need not be running, but may be. The command can be stopped and run again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks reconcile --dry-run\n  \
    certhooks reconcile --window 7d --json | jq .still_missing\n  \
    certhooks reconcile --state .certhooks --eu\n  \
    CLOUDFLARE_ACCOUNT_ID=01a7362d577a6c3019a474fd6f485823 certhooks reconcile --provider cloudflare\n\n\
    Exit status: 0 done, and nothing is missing; 1 something is still missing, or refused or \
    failed; 2 wrong usage.")]
pub(crate) struct Reconcile {
    /// Provider whose records to compare: digicert, cloudflare (with CLOUDFLARE_ACCOUNT_ID), or certspotter (with
    /// CERTSPOTTER_DOMAINS)
    #[arg(long, value_name = "NAME", default_value = "digicert", value_parser = ["digicert", "cloudflare", "certspotter"])]
    pub(crate) provider: String,
    /// Age of the oldest events to compare: 90m, 24h, at most 90d; else back to the last complete run
    #[arg(long, value_name = "AGE", value_parser = window)]
    pub(crate) window: Option<u32>,
    /// Show what would be put on the queue without doing so
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// The window in whole minutes.
fn window(text: &str) -> Result<u32, String> {
    let minutes = parse_duration(text).ok().and_then(|age| u32::try_from(age.as_secs() / 60).ok());
    minutes
        .filter(|minutes| (1..=MAX_WINDOW).contains(minutes))
        .ok_or_else(|| "must be an age from 1m to 90d, such as 90m or 24h".to_owned())
}

pub(crate) async fn run(arguments: Reconcile) -> CommandResult<()> {
    let access = &arguments.access;
    let row = profile::ALL.iter().find(|row| row.name == arguments.provider);
    let provider = row.map_or(Provider::DIGICERT, |row| row.provider);
    let environment = Environment::of_process();
    let base = base_url(provider, access.base(), &environment)?;
    let environment = environment.with(profile::of(provider).api.base_variable, base.as_str());
    let settings = Settings::from_environment(&environment, provider)?.ok_or_else(|| {
        CommandError::usage(
            "CLOUDFLARE_ACCOUNT_ID or CERTSPOTTER_DOMAINS is not set; it names the account, or the domains, whose \
             records to compare",
        )
    })?;
    let window_minutes = arguments.window;
    let job = Job { window_minutes, is_dry_run: arguments.dry_run, ..Job::default() };
    let state = &access.common.state;
    let installation = installation::open(&arguments.stack, state, &environment).await?;
    let variable = profile::of(provider).api.secret.variable;
    let is_named = access.names_key() || environment.optional(variable).is_some();
    let key = match installation.is_stack() && !is_named {
        true => None,
        false => Some(access.api_key_of(provider, &environment).await?),
    };
    let report = installation.reconcile(&settings, key, &job).await?;
    print(access.output(), &report);
    match (&report.left, report.counts.still_missing) {
        (Some(left), _) => Err(CommandError::failed(left)),
        (None, 0) => Ok(()),
        (None, count) => Err(CommandError::failed(format!(
            "{count} still missing more than an hour after they were put on the queue; check that the \
             worker is running, its log, and the dead letters (`certhooks dead-letters list`)"
        ))),
    }
}

/// Prints a line for each event that was not delivered by its webhook, and the counts.
fn print(output: Output, report: &Report) {
    if output.json {
        say!("{}", value(report));
        return;
    }
    for note in &report.notes {
        output.warn(note);
    }
    for row in &report.rows {
        say!("{}", line(row, report.is_dry_run));
    }
    if !report.rows.is_empty() {
        say!("");
    }
    let Counts { seen, known, recovered, waiting, still_missing } = report.counts;
    let recovered_or = word(RecoveryStatus::Recovered, report.is_dry_run).to_uppercase();
    let width = recovered_or.len();
    say!("SEEN   KNOWN  {recovered_or}  WAITING  STILL MISSING");
    say!("{seen:<6} {known:<6} {recovered:<width$}  {waiting:<7}  {still_missing}");
}

fn line(row: &Row, is_dry_run: bool) -> String {
    let sent = row.sent.map_or_else(|| "-".to_owned(), rfc3339);
    let (word, event) = (word(row.status, is_dry_run), short(&row.event, 34));
    let subject = short(&row.subject, 45);
    format!("{word:<13} {event:<34} {subject:<45} {sent:<20} {}", row.cause)
}

fn word(status: RecoveryStatus, is_dry_run: bool) -> &'static str {
    match status {
        RecoveryStatus::Recovered if is_dry_run => "to recover",
        RecoveryStatus::Recovered => "recovered",
        RecoveryStatus::Waiting => "waiting",
        RecoveryStatus::StillMissing => "still missing",
    }
}

fn value(report: &Report) -> Value {
    let Counts { seen, known, recovered, waiting, still_missing } = report.counts;
    let row = |row: &Row| {
        json!({
            "id": row.id,
            "event": row.event,
            "subject": row.subject,
            "sent": row.sent.map(rfc3339),
            "cause": row.cause.to_string(),
            "outcome": row.status.as_str(),
        })
    };
    json!({
        "provider": report.provider.as_str(),
        "seen": seen,
        "known": known,
        "recovered": recovered,
        "waiting": waiting,
        "still_missing": still_missing,
        "window_minutes": report.window_minutes,
        "dry_run": report.is_dry_run,
        "events": report.rows.iter().map(row).collect::<Vec<_>>(),
        "notes": report.notes,
        "left": report.left,
    })
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn windows_are_a_minute_to_ninety_days() {
        for (text, minutes) in
            [("1m", 1), ("90m", 90), ("24h", 1440), ("7d", 10_080), ("90d", 129_600), ("120s", 2)]
        {
            assert_eq!(window(text), Ok(minutes), "{text}");
        }
        for text in ["59s", "0m", "91d", "129601m", "24", "-1h", "yesterday", ""] {
            assert!(window(text).is_err(), "{text}");
        }
    }
}
