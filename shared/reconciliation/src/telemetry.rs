//! One log line and one metric for each decision. No line contains a body, an address or a key.

use metrics::counter;
use ports::PortError;

use crate::collate::Missed;
use crate::report::Report;

const PROVIDER: &str = "digicert";

pub(crate) fn recovered(missed: &Missed) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind, reason) = (&envelope.id, &envelope.kind, &missed.cause);
    tracing::info!(provider = PROVIDER, id, r#type = kind, %reason, "recovered");
}

/// The claim ends with its lease, in two minutes.
pub(crate) fn not_released(missed: &Missed, error: &PortError) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind) = (&envelope.id, &envelope.kind);
    tracing::warn!(provider = PROVIDER, id, r#type = kind, %error, "claim not released");
}

/// A later run may put the event on the queue again; the worker then recognises it as a duplicate.
pub(crate) fn not_recorded(missed: &Missed, error: &PortError) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind) = (&envelope.id, &envelope.kind);
    tracing::warn!(provider = PROVIDER, id, r#type = kind, %error, "recovery not recorded");
}

pub(crate) fn key_refused() {
    counter!("KeyRefused", "provider" => PROVIDER).increment(1);
}

/// An incomplete run is not counted in `Reconciled`, so that the alarm for missing runs is raised.
pub(crate) fn reconciled(report: &Report) {
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
        tracing::warn!(provider = PROVIDER, note, "comparison incomplete");
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
