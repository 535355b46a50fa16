//! One log line and one count for each decision: never a body, an address or a key.

use metrics::counter;

use crate::collate::Missed;
use crate::report::Report;

const PROVIDER: &str = "digicert";

pub(crate) fn recovered(missed: &Missed) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind, why) = (&envelope.id, &envelope.kind, &missed.cause);
    tracing::info!(provider = PROVIDER, id, r#type = kind, %why, "recovered");
}

pub(crate) fn key_refused() {
    counter!("KeyRefused", "provider" => PROVIDER).increment(1);
}

/// A run that did not come to its end is not counted, so that the alarm for its absence sounds.
pub(crate) fn ran(report: &Report) {
    let counts = report.counts;
    let (seen, known, recovered) = (counts.seen, counts.known, counts.recovered);
    let (waiting, still_missing) = (counts.waiting, counts.still_missing);
    tracing::info!(
        provider = PROVIDER,
        seen,
        known,
        recovered,
        waiting,
        still_missing,
        window_minutes = report.window_minutes,
        dry_run = report.is_dry_run,
        "reconciled"
    );
    for note in &report.notes {
        tracing::warn!("{note}");
    }
    if report.is_dry_run {
        return;
    }
    for (name, count) in [
        ("Seen", seen),
        ("Known", known),
        ("Recovered", recovered),
        ("StillMissing", still_missing),
        ("NotSent", report.not_sent()),
        ("Reconciled", usize::from(report.left.is_none())),
    ] {
        counter!(name, "provider" => PROVIDER).increment(count as u64);
    }
}
