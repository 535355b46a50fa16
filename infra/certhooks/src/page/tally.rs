use std::collections::BTreeMap;

use envelope::{CertificateEvent, Outcome, Verdict};
use maud::{Markup, html};
use ports::History;
use time::OffsetDateTime;

use crate::error::CommandResult;
use crate::installation::Installation;
use crate::output;
use crate::page::layout::{Tone, badge, text, time};

/// The most events that are read to be counted when the page starts, and how many at a time.
const MOST: i64 = 10_000;
const STEP: u32 = 500;

/// What can come of an event, the best first: by the checks where the event itself can be read, else by the outcome
/// of its call-back alone, which is what a ledger has.
const ENDS: [(&str, Tone); 12] = [
    ("checks ok", Tone::Ok),
    (Outcome::Downloaded.as_str(), Tone::Ok),
    (Outcome::Included.as_str(), Tone::Ok),
    (Outcome::Queried.as_str(), Tone::Ok),
    ("no certificate", Tone::Plain),
    (Outcome::NotNeeded.as_str(), Tone::Plain),
    (Outcome::Disabled.as_str(), Tone::Plain),
    ("checks undecided", Tone::Warning),
    (Outcome::Gone.as_str(), Tone::Warning),
    ("checks failed", Tone::Failed),
    ("call-back failed", Tone::Failed),
    (Outcome::Failed.as_str(), Tone::Failed),
];

/// How many events of each provider came to which end.
#[derive(Default)]
pub(crate) struct Tally {
    /// The sequence of the last one that is counted.
    upto: i64,
    count: usize,
    since: Option<OffsetDateTime>,
    by_provider: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

impl Tally {
    /// Of the events that the ledger has of certificates.
    pub(crate) fn of(histories: &[History]) -> Self {
        let mut tally = Self::default();
        for History { certificate, entries, .. } in histories {
            let provider = certificate.split('/').next().unwrap_or_default();
            for entry in entries {
                tally.add(provider, entry.callback.outcome.as_str(), entry.delivered);
            }
        }
        tally
    }

    /// Counts what was delivered since the last time, up to the sequence `last`.
    pub(crate) async fn catch_up(
        &mut self,
        installation: &dyn Installation,
        last: i64,
    ) -> CommandResult<()> {
        if last < self.upto {
            // Another database took the place of the one that was counted.
            *self = Self::default();
        }
        self.upto = self.upto.max(last - MOST);
        while self.upto < last {
            let delivered = installation.delivered_after(self.upto, STEP).await?;
            let Some(newest) = delivered.last() else { break };
            self.upto = newest.sequence;
            for one in &delivered {
                if let Ok(event) = serde_json::from_str::<CertificateEvent>(&one.body) {
                    self.add(&one.provider, end_of(&event), one.published);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, provider: &str, end: &'static str, at: OffsetDateTime) {
        self.count += 1;
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
        if !self.by_provider.contains_key(provider) {
            self.by_provider.insert(provider.to_owned(), BTreeMap::new());
        }
        if let Some(ends) = self.by_provider.get_mut(provider) {
            *ends.entry(end).or_default() += 1;
        }
    }

    pub(crate) fn table(&self) -> Markup {
        let Some(since) = self.since else { return html! {} };
        let is_there = |end: &str| self.by_provider.values().any(|ends| ends.contains_key(end));
        let ends: Vec<_> = ENDS.into_iter().filter(|(end, _)| is_there(end)).collect();
        html! {
            section aria-labelledby="outcomes" {
                h2 id="outcomes" { "What came of the events" }
                p.quiet { (output::count(self.count, "event")) " since " (time(since)) }
                table.cards.counts {
                    thead { tr {
                        th scope="col" { "Provider" }
                        @for (end, tone) in &ends { th scope="col" { (badge(*tone, &end.replace('_', " "))) } }
                    } }
                    tbody {
                        @for (provider, counts) in &self.by_provider {
                            tr {
                                th scope="row" data-title="Provider" { (text(provider)) }
                                @for (end, _) in &ends {
                                    @let count = counts.get(end).copied().unwrap_or_default();
                                    td data-title=(end.replace('_', " ")) data-none[count == 0] { (count) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn end_of(event: &CertificateEvent) -> &'static str {
    match (event.data.verdict, event.data.callback.outcome) {
        (Verdict::Failed, _) => "checks failed",
        (_, Outcome::Failed) => "call-back failed",
        (Verdict::Unknown, _) => "checks undecided",
        (Verdict::Ok, _) => "checks ok",
        (Verdict::Unchecked, _) => "no certificate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_a_column() {
        let mut tally = Tally::default();
        for (number, (end, _)) in ENDS.into_iter().enumerate() {
            for _ in 0..=number {
                tally.add("digicert", end, OffsetDateTime::UNIX_EPOCH);
            }
        }
        tally.add("meta", "checks ok", OffsetDateTime::UNIX_EPOCH);
        let table = tally.table().into_string();
        for (number, (end, _)) in ENDS.into_iter().enumerate() {
            let cell = format!("data-title=\"{}\">{}</td>", end.replace('_', " "), number + 1);
            assert!(table.contains(&cell), "{end}: {table}");
        }
        assert!(table.contains("79 events since"), "{table}");
    }
}
