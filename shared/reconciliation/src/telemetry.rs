//! One log line and one metric for each decision. No line contains a body, an address or a key.

use envelope::Provider;
use metrics::counter;
use ports::PortError;
use time::Duration;

use crate::collate::Expected;
use crate::figure::{DueDay, Figure};
use crate::report::Report;

pub(crate) fn recovered(missed: &Expected) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind, reason) = (&envelope.id, &envelope.kind, &missed.cause);
    tracing::info!(id, r#type = kind, %reason, "recovered");
}

/// The claim ends with its lease, in two minutes.
pub(crate) fn not_released(missed: &Expected, error: &PortError) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind) = (&envelope.id, &envelope.kind);
    tracing::warn!(id, r#type = kind, %error, "claim not released");
}

/// A later run may put the event on the queue again; the worker then recognises it as a duplicate.
pub(crate) fn not_recorded(missed: &Expected, error: &PortError) {
    let envelope = &missed.occurrence.envelope;
    let (id, kind) = (&envelope.id, &envelope.kind);
    tracing::warn!(id, r#type = kind, %error, "recovery not recorded");
}

pub(crate) fn key_refused(provider: Provider) {
    counter!("KeyRefused", "provider" => provider.as_str()).increment(1);
}

/// No run was complete for longer than the overlap.
pub(crate) fn gap(provider: Provider, gap: Duration) {
    let gap_minutes = gap.whole_minutes();
    tracing::warn!(%provider, gap_minutes, "no complete reconciliation for a while; looking back further");
}

/// The gap is longer than the ledger and the providers' records last.
pub(crate) fn beyond_records(provider: Provider, unread: Duration) {
    let unread_minutes = unread.whole_minutes();
    tracing::error!(
        %provider, unread_minutes,
        "the last complete reconciliation is too long ago; what was sent before is not compared"
    );
}

/// The figure of a day. The metrics have the time of the run, which is on a later day.
pub(crate) fn figure(provider: Provider, figure: Figure) {
    let Figure { day, sent, known, recovered, missing } = figure;
    tracing::info!(%provider, %day, sent, known, recovered, missing, "figure of the day");
    for (name, count) in [
        ("DaySent", sent),
        ("DayKnown", known),
        ("DayRecovered", recovered),
        ("DayMissing", missing),
    ] {
        counter!(name, "provider" => provider.as_str()).increment(count as u64);
    }
}

/// No run was complete for so long that some days get no figure.
pub(crate) fn days_without_figure(provider: Provider, due: DueDay) {
    if let (Some(from), Some(to)) = (due.skipped_from, due.day.previous_day()) {
        tracing::warn!(%provider, %from, %to, "days without a figure: no reconciliation was complete");
    }
}

/// An incomplete run is not counted in `Reconciled`, so that the alarm for missing runs is raised.
pub(crate) fn reconciled(report: &Report) {
    let (provider, counts) = (report.provider, report.counts);
    let (seen, known, recovered) = (counts.seen, counts.known, counts.recovered);
    let (waiting, still_missing) = (counts.waiting, counts.still_missing);
    tracing::info!(
        %provider,
        seen,
        known,
        recovered,
        waiting,
        still_missing,
        window_minutes = report.window_minutes,
        dry_run = report.is_dry_run,
        "reconciled"
    );
    for problem in &report.notes {
        tracing::warn!(%provider, problem, "comparison incomplete");
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
        counter!(name, "provider" => provider.as_str()).increment(count as u64);
    }
}
