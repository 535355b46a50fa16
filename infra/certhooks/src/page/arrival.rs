use embedded::Delivered;
use envelope::{Callback, CertificateEvent, Outcome, Verdict};
use maud::{Markup, html};
use ports::{Entry, Stages};
use time::{Duration, OffsetDateTime};

use crate::display::{bare_event_name, span, without_prefix};
use crate::page::layout::{badge, cell, event_link, moment, text, time};

/// An event that was delivered, from the event itself or from what the ledger has of it.
pub(crate) struct Arrival<'a> {
    pub(crate) id: &'a str,
    /// What happened, without what all types begin with.
    what: &'a str,
    about: &'a str,
    pub(crate) received: OffsetDateTime,
    delivered: OffsetDateTime,
    stages: Option<Stages>,
    callback: &'a Callback,
    /// `None` where only the ledger knows of it.
    verdict: Option<Verdict>,
    marks: Vec<&'static str>,
}

impl<'a> Arrival<'a> {
    /// `stages` are those in the ledger, which has them of certificates only.
    pub(crate) fn of_event(
        event: &'a CertificateEvent,
        delivered: &Delivered,
        stages: Option<Stages>,
    ) -> Self {
        let data = &event.data;
        let leaf = data.certificates.first();
        let name = leaf.and_then(|leaf| leaf.names.as_ref()?.dns.first());
        let marks = [
            (event.conflict == Some(true), "conflict"),
            (event.ordering.is_some(), "stale"),
            (event.reconciled == Some(true), "reconciled"),
            (event.replayed == Some(true), "replayed"),
            (event.simulated == Some(true), "simulated"),
        ];
        Self {
            id: &event.id,
            what: what(&event.kind, &data.event),
            about: name.unwrap_or(&event.subject),
            received: event.receivedtime,
            delivered: delivered.published,
            stages,
            callback: &data.callback,
            verdict: Some(data.verdict),
            marks: marked(&marks),
        }
    }

    pub(crate) fn of_entry(entry: &'a Entry) -> Self {
        let marks = [
            (entry.conflict == Some(true), "conflict"),
            (entry.ordering.is_some(), "stale"),
            (entry.reconciled == Some(true), "reconciled"),
            (entry.replayed == Some(true), "replayed"),
        ];
        Self {
            id: &entry.id,
            what: what(&entry.kind, &entry.event),
            about: entry.name.as_deref().unwrap_or(&entry.subject),
            received: entry.received,
            delivered: entry.delivered,
            stages: entry.stages,
            callback: &entry.callback,
            verdict: None,
            marks: marked(&marks),
        }
    }

    /// The stages that it went through after its receipt, and when each ended.
    fn stages(&self) -> Vec<(&'static str, OffsetDateTime)> {
        let is_asked = !matches!(self.callback.outcome, Outcome::Disabled | Outcome::NotNeeded);
        let is_checked = self.verdict != Some(Verdict::Unchecked);
        let stages = self.stages.iter().flat_map(|stages| {
            [
                (true, "queued", stages.queued_ms),
                (is_asked, "called back", stages.called_back_ms),
                (is_checked, "checked", stages.checked_ms),
            ]
        });
        let stages = stages.filter(|(is_so, ..)| *is_so);
        let stages = stages.map(|(_, stage, millis)| {
            let after = Duration::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX));
            let at = self.received.checked_add(after);
            (stage, at.unwrap_or(self.delivered))
        });
        stages.chain([("delivered", self.delivered)]).collect()
    }

    fn row(&self) -> Markup {
        html! {
            tr {
                td data-title="Received" { (time(self.received)) }
                td data-title="What" {
                    (text(self.what))
                    @for mark in &self.marks { " " span.mark { (mark) } }
                }
                th scope="row" data-title="About" { (event_link(self.id, &cell(self.about))) }
                td data-title="Then after" {
                    ol.stages { @for (stage, at) in self.stages() { li { (stage) " " strong { (duration(at - self.received)) } } } }
                }
                td data-title="Call-back" { (callback(self.callback)) }
                td data-title="Checks" { @match self.verdict { Some(verdict) => { (badge(verdict.into(), verdict.as_str())) } None => "-" } }
            }
        }
    }

    /// Its way as one draws it: each stage with its time.
    pub(crate) fn way(&self, happened: OffsetDateTime) -> Markup {
        html! {
            ol.way {
                li { strong { "Happened" } (moment(happened)) (text(self.what)) }
                li { strong { "Received" } (moment(self.received)) "by the webhook endpoint" }
                @for (stage, at) in self.stages() {
                    li {
                        strong { (stage) }
                        (moment(at))
                        @if stage == "called back" { span { (callback(self.callback)) } }
                        @else { "after " (duration(at - self.received)) }
                    }
                }
            }
            @if self.stages.is_none() || self.callback.outcome == Outcome::Failed {
                p { "Call-back: " (callback(self.callback)) }
            }
        }
    }
}

/// A type of ours, else the provider's own name of the event.
pub(crate) fn what<'a>(kind: &'a str, event: &'a str) -> &'a str {
    match without_prefix(kind) {
        "unrecognised" => bare_event_name(event),
        kind => kind,
    }
}

fn marked(marks: &[(bool, &'static str)]) -> Vec<&'static str> {
    marks.iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| *mark).collect()
}

pub(crate) fn table(arrivals: &[Arrival<'_>]) -> Markup {
    html! {
        table.cards.arrivals {
            thead { tr {
                @for title in ["Received", "What", "About", "Then after", "Call-back", "Checks"] { th scope="col" { (title) } }
            } }
            tbody { @for arrival in arrivals { (arrival.row()) } }
        }
    }
}

pub(crate) fn callback(callback: &Callback) -> Markup {
    html! {
        (badge(callback.outcome.into(), &callback.outcome.as_str().replace('_', " ")))
        @if let Some(reason) = callback.reason { " " (reason.as_str().replace('_', " ")) }
        @if callback.attempts > 1 { ", " (callback.attempts) " attempts" }
    }
}

pub(crate) fn duration(took: Duration) -> String {
    match took.whole_milliseconds().max(0) {
        millis @ ..1_000 => format!("{millis} ms"),
        millis @ ..10_000 => format!("{}.{:02} s", millis / 1000, millis % 1000 / 10),
        _ => span(took),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_as_exact_as_it_is_short() {
        for (millis, said) in
            [(-5, "0 ms"), (0, "0 ms"), (999, "999 ms"), (1_259, "1.25 s"), (40_000, "40 s")]
        {
            assert_eq!(duration(Duration::milliseconds(millis)), said);
        }
    }
}
