use envelope::rfc3339;
use reconciliation::{Counts, RecoveryStatus, Report, Row};
use serde_json::{Value, json};

use crate::display::short;
use crate::output::{Output, say};

/// Prints a line for each event that was not delivered by its webhook, and the counts.
pub(crate) fn report(output: Output, report: &Report) {
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
