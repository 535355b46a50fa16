use std::collections::HashMap;

use ports::{Entry, History};
use time::{Duration, OffsetDateTime};

use crate::display::without_prefix;
use crate::page::layout::{Tone, parsed};
use crate::status::{latest, serial_numbers};

/// A renewal is expected in the last third of the validity, and in its last 30 days.
const RENEWAL: Duration = Duration::days(30);

/// A certificate that the ledger knows.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its name in the ledger.
    pub(crate) certificate: String,
    /// The first name in it, else what its events are about.
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) state: State,
    /// The type of the event that led to its state, else of its last one.
    pub(crate) kind: String,
    pub(crate) not_before: Option<OffsetDateTime>,
    pub(crate) not_after: Option<OffsetDateTime>,
    /// The id of its last event, and when that was received.
    pub(crate) last: String,
    pub(crate) received: OffsetDateTime,
    /// What a search looks at, in lower case.
    searched: String,
}

/// What a certificate asks of its reader; the most urgent first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum State {
    Unexpected,
    Overdue,
    Expired,
    Failed,
    Valid,
    Replaced,
    Ended,
    Unknown,
}

impl State {
    pub(crate) const ALL: [Self; 8] = [
        Self::Unexpected,
        Self::Overdue,
        Self::Expired,
        Self::Failed,
        Self::Valid,
        Self::Replaced,
        Self::Ended,
        Self::Unknown,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Overdue => "overdue",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Valid => "valid",
            Self::Replaced => "replaced",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }

    /// What it means, for whoever points at the word.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Unexpected => "a log shows it, and no provider said that it was issued",
            Self::Overdue => {
                "a renewal was expected, and no newer certificate for the name is known"
            }
            Self::Expired => "its validity is over, and no newer certificate for the name is known",
            Self::Failed => "issuance, renewal or deployment failed",
            Self::Valid => "valid, and no renewal is expected yet",
            Self::Replaced => "a certificate for the same name that is valid for longer is known",
            Self::Ended => "revoked or deleted",
            Self::Unknown => "no event says when its validity ends",
        }
    }

    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Overdue => Tone::Warning,
            Self::Unexpected | Self::Expired | Self::Failed => Tone::Failed,
            Self::Valid => Tone::Ok,
            Self::Replaced | Self::Ended | Self::Unknown => Tone::Plain,
        }
    }
}

impl Row {
    /// `None` for a history without events. The state is that of the certificate alone, see
    /// [`mark_replaced`].
    pub(crate) fn of(history: &History, now: OffsetDateTime) -> Option<Self> {
        let last = history.entries.last()?;
        let said = |of: fn(&Entry) -> Option<&str>| latest(history, of).map(str::to_owned);
        let hostname = |entry: &Entry| {
            entry.identifiers.get("hostname").and_then(|name| name.as_str()).map(str::to_owned)
        };
        let subject = || last.subject.clone();
        let name = said(|entry| entry.name.as_deref()).or_else(|| latest(history, hostname));
        let name = name.unwrap_or_else(subject);
        let issuer = said(|entry| entry.issuer.as_deref()).unwrap_or_default();
        let not_after = parsed(latest(history, |entry| entry.not_after.as_deref()));
        let kind = history.state.as_ref().map_or(&last.kind, |state| &state.kind).clone();
        let state = state_of(&kind, not_after, now);
        let serials = serial_numbers(history).join(" ");
        let certificate = history.certificate.clone();
        let searched = format!("{name} {certificate} {issuer} {serials} {kind}").to_lowercase();
        let not_before = parsed(latest(history, |entry| entry.not_before.as_deref()));
        let mut row = Self {
            certificate,
            name,
            issuer,
            state,
            kind,
            not_before,
            not_after,
            last: last.id.clone(),
            received: last.received,
            searched,
        };
        if row.state == State::Valid && row.renewal().is_some_and(|renewal| renewal < now) {
            row.state = State::Overdue;
        }
        Some(row)
    }

    /// When it is expected to be renewed.
    pub(crate) fn renewal(&self) -> Option<OffsetDateTime> {
        let end = self.not_after?;
        let lead = self.not_before.map_or(RENEWAL, |start| RENEWAL.min((end - start) / 3));
        Some(end - lead)
    }

    /// Whether each of these words, in lower case, is part of what is known of it.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.searched.contains(word))
    }

    /// Whether it is the one to renew.
    pub(crate) fn is_current(&self) -> bool {
        matches!(self.state, State::Overdue | State::Expired | State::Valid)
    }
}

fn state_of(kind: &str, not_after: Option<OffsetDateTime>, now: OffsetDateTime) -> State {
    match (without_prefix(kind), not_after) {
        ("ct.certificate_unexpected", _) => State::Unexpected,
        ("certificate.revoked" | "certificate.deleted", _) => State::Ended,
        (
            "certificate.issuance_failed"
            | "certificate.renewal_failed"
            | "certificate.deployment_failed",
            _,
        ) => State::Failed,
        (_, None) => State::Unknown,
        (_, Some(end)) if end < now => State::Expired,
        (_, Some(_)) => State::Valid,
    }
}

/// Marks those whose name another certificate has that is valid for longer.
pub(crate) fn mark_replaced(rows: &mut [Row]) {
    let mut newest = HashMap::<String, OffsetDateTime>::new();
    for row in rows.iter().filter(|row| row.is_current()) {
        if let Some(end) = row.not_after {
            newest
                .entry(row.name.clone())
                .and_modify(|newest| *newest = end.max(*newest))
                .or_insert(end);
        }
    }
    for row in rows.iter_mut().filter(|row| row.is_current()) {
        if row.not_after < newest.get(&row.name).copied() {
            row.state = State::Replaced;
        }
    }
}

#[cfg(test)]
mod tests {
    use harness::history::recorded;

    use super::*;

    /// A certificate for a name that began `age` days ago and ends in `left`.
    fn row(name: &str, kind: &str, age: i64, left: i64) -> Row {
        let now = OffsetDateTime::now_utc();
        let time = |days| envelope::rfc3339(now + Duration::days(days));
        let record = recorded("event", now, &[]).history.unwrap();
        let entry = Entry {
            kind: kind.to_owned(),
            name: Some(name.to_owned()),
            not_before: Some(time(-age)),
            not_after: Some(time(left)),
            ..record.entry
        };
        let history =
            History { certificate: record.certificate, state: None, entries: vec![entry] };
        Row::of(&history, now).unwrap()
    }

    #[test]
    fn the_state_says_what_to_do() {
        for (kind, age, left, state) in [
            ("certhooks.certificate.issued", 10, 37, State::Valid),
            // The last third of 47 days.
            ("certhooks.certificate.issued", 33, 14, State::Overdue),
            ("certhooks.certificate.issued", 160, 39, State::Valid),
            // The last 30 days of 199.
            ("certhooks.certificate.issued", 170, 29, State::Overdue),
            ("certhooks.certificate.issued", 48, -1, State::Expired),
            ("certhooks.certificate.revoked", 10, 37, State::Ended),
            ("certhooks.certificate.renewal_failed", 33, 14, State::Failed),
            ("certhooks.ct.certificate_unexpected", 10, 37, State::Unexpected),
        ] {
            assert_eq!(row("a.example", kind, age, left).state, state, "{kind} {age} {left}");
        }
    }

    #[test]
    fn of_several_for_a_name_the_one_that_is_valid_for_longest_counts() {
        let kind = "certhooks.certificate.issued";
        let mut rows = [
            row("a.example", kind, 40, 7),
            row("a.example", kind, 1, 46),
            row("b.example", kind, 40, 7),
            row("b.example", "certhooks.certificate.revoked", 1, 46),
        ];
        mark_replaced(&mut rows);
        let states = rows.map(|row| row.state);
        assert_eq!(states, [State::Replaced, State::Valid, State::Overdue, State::Ended]);
    }
}
