use std::collections::BTreeSet;

use envelope::Provider;
use ports::{Entry, History};
use time::OffsetDateTime;

use crate::display::without_prefix;
use crate::status::{latest, serial_numbers};
use crate::time_parsing::parsed;

/// A certificate that the ledger knows; of a hostname of Cloudflare's, the one that it has now.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its name in the ledger.
    pub(crate) certificate: String,
    /// The first name in it, else what its events are about.
    pub(crate) name: String,
    /// Its DNS names, in lower case.
    pub(crate) names: Vec<String>,
    pub(crate) issuer: String,
    /// Its key, such as `RSA 2048`.
    pub(crate) key: Option<String>,
    pub(crate) serial_numbers: Vec<String>,
    pub(crate) tbs_sha256: Option<String>,
    pub(crate) state: State,
    /// What the comparison with certificate transparency logs says.
    pub(crate) logged: Option<Logged>,
    /// Whether no other certificate for its names is known, though it ends soon or has ended.
    pub(crate) is_overdue: bool,
    /// The name in the ledger of the certificate that took its place.
    pub(crate) replaced_by: Option<String>,
    /// The type of the event that led to its state, else of its last one.
    pub(crate) kind: String,
    pub(crate) not_before: Option<OffsetDateTime>,
    pub(crate) not_after: Option<OffsetDateTime>,
    /// The event that it came with.
    pub(crate) source: Source,
    /// The id of its last event, and when that was received.
    pub(crate) last: String,
    pub(crate) received: OffsetDateTime,
    /// The number of times that its provider was asked about its events, and that it was renewed under this name.
    pub(crate) attempts: u32,
    pub(crate) issuances: u32,
    /// What a search looks at, in lower case.
    searched: String,
}

/// Where a certificate came from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) provider: Option<Provider>,
    /// The provider's own name of the event.
    pub(crate) event: String,
    pub(crate) id: String,
    pub(crate) received: OffsetDateTime,
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
    Revoked,
    Deleted,
    Unknown,
}

/// What the comparison of certificate transparency logs with known issuances says of a certificate.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Logged {
    Expected,
    Unexpected,
    Missing,
    Resolved,
}

impl State {
    pub(crate) const ALL: [Self; 9] = [
        Self::Unexpected,
        Self::Overdue,
        Self::Expired,
        Self::Failed,
        Self::Valid,
        Self::Replaced,
        Self::Revoked,
        Self::Deleted,
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
            Self::Revoked => "revoked",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        }
    }

    /// What it means, for whoever points at the word.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Unexpected => "a log shows it, and no provider said that it was issued",
            Self::Overdue => "it ends soon, and no other certificate for its names is known",
            Self::Expired => {
                "its validity is over, and no other certificate for its names is known"
            }
            Self::Failed => "issuance, renewal or deployment failed",
            Self::Valid => "valid, and its renewal is not overdue",
            Self::Replaced => "a certificate for the same names that is valid for longer is known",
            Self::Revoked => "the provider said that it is revoked",
            Self::Deleted => "the provider said that it is deleted",
            Self::Unknown => "no event says when its validity ends",
        }
    }
}

impl Logged {
    pub(crate) const ALL: [Self; 4] =
        [Self::Expected, Self::Unexpected, Self::Missing, Self::Resolved];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Unexpected => "unexpected",
            Self::Missing => "missing",
            Self::Resolved => "resolved",
        }
    }

    fn of(kind: &str) -> Option<Self> {
        let word = without_prefix(kind).strip_prefix("ct.certificate_")?;
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

impl Row {
    /// `None` for a history without events. The state is that of the certificate alone, whatever else is known for its
    /// names.
    pub(crate) fn of(history: &History, now: OffsetDateTime) -> Option<Self> {
        let last = history.entries.last()?;
        let said = |of: fn(&Entry) -> Option<&str>| latest(history, of).map(str::to_owned);
        let hostname = |entry: &Entry| {
            entry.identifiers.get("hostname").and_then(|name| name.as_str()).map(str::to_owned)
        };
        let first_name = said(|entry| entry.name.as_deref()).or_else(|| latest(history, hostname));
        let names = latest(history, |entry| (!entry.names.is_empty()).then_some(&entry.names));
        let names = names.cloned().unwrap_or_else(|| first_name.iter().cloned().collect());
        let name = first_name.unwrap_or_else(|| last.subject.clone());
        let issuer = said(|entry| entry.issuer.as_deref()).unwrap_or_default();
        let serial_numbers = serial_numbers(history).to_vec();
        let not_after = parsed(latest(history, |entry| entry.not_after.as_deref()));
        let kind = history.state.as_ref().map_or(&last.kind, |state| &state.kind).clone();
        let certificate = history.certificate.clone();
        let serials = serial_numbers.join(" ");
        let searched = format!("{name} {certificate} {issuer} {serials} {kind}").to_lowercase();
        // The first of the events that tell of the certificate which there is now.
        let mut entries = history.entries.iter();
        let source = entries.find(|entry| entry.serial_numbers == serial_numbers).unwrap_or(last);
        let issuances: BTreeSet<_> =
            history.entries.iter().map(|entry| &entry.serial_numbers).collect();
        let issuances = issuances.iter().filter(|serials| !serials.is_empty()).count().max(1);
        let mut row = Self {
            certificate,
            name,
            names: names.iter().map(|name| name.to_lowercase()).collect(),
            issuer,
            key: said(|entry| entry.key.as_deref()),
            serial_numbers,
            tbs_sha256: said(|entry| entry.tbs_sha256.as_deref()),
            state: state_of(&kind, not_after, now),
            logged: Logged::of(&kind),
            is_overdue: false,
            replaced_by: None,
            kind,
            not_before: parsed(latest(history, |entry| entry.not_before.as_deref())),
            not_after,
            source: Source {
                provider: source.provider,
                event: source.event.clone(),
                id: source.id.clone(),
                received: source.received,
            },
            last: last.id.clone(),
            received: last.received,
            attempts: history.entries.iter().map(|entry| entry.callback.attempts).sum(),
            issuances: u32::try_from(issuances).unwrap_or(u32::MAX),
            searched,
        };
        row.is_overdue = row.is_current() && row.overdue_from().is_some_and(|from| from <= now);
        if row.state == State::Valid && row.is_overdue {
            row.state = State::Overdue;
        }
        Some(row)
    }

    /// Whether each of these words, in lower case, is part of what is known of it.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.searched.contains(word))
    }

    /// Whether it is the one to renew.
    pub(crate) fn is_current(&self) -> bool {
        let is_one =
            matches!(self.state, State::Overdue | State::Expired | State::Failed | State::Valid);
        is_one && self.not_after.is_some()
    }
}

fn state_of(kind: &str, not_after: Option<OffsetDateTime>, now: OffsetDateTime) -> State {
    match (without_prefix(kind), not_after) {
        ("ct.certificate_unexpected", _) => State::Unexpected,
        ("certificate.revoked", _) => State::Revoked,
        ("certificate.deleted", _) => State::Deleted,
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

/// The common name in a distinguished name, else all of it.
pub(crate) fn issuer_name(name: &str) -> &str {
    let common = name.strip_prefix("CN=").map(|rest| {
        let mut escaped = false;
        let end = rest.char_indices().find(|(_, character)| {
            let ends = *character == ',' && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        end.map_or(rest, |(end, _)| &rest[..end])
    });
    common.unwrap_or(name)
}

#[cfg(test)]
pub(super) mod tests {
    use harness::history::recorded;
    use time::{Duration, Time};

    use super::*;

    /// A certificate for these names that began `age` days before today and ends `left` after.
    pub(crate) fn history(
        certificate: &str,
        kind: &str,
        names: &[&str],
        age: i64,
        left: i64,
    ) -> History {
        let today = OffsetDateTime::now_utc().replace_time(Time::MIDNIGHT);
        between(certificate, kind, names, today - Duration::days(age), today + Duration::days(left))
    }

    /// One that was issued for a name of its own.
    pub(crate) fn issued(certificate: &str, age: i64, left: i64) -> History {
        history(certificate, "certhooks.certificate.issued", &[certificate], age, left)
    }

    pub(crate) fn row_between(start: OffsetDateTime, end: OffsetDateTime) -> Row {
        let history = between("a", "certhooks.certificate.issued", &["a.example"], start, end);
        Row::of(&history, start).unwrap()
    }

    fn between(
        certificate: &str,
        kind: &str,
        names: &[&str],
        start: OffsetDateTime,
        end: OffsetDateTime,
    ) -> History {
        let record = recorded("event", start, &[]).history.unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let entry = Entry {
            kind: kind.to_owned(),
            name: names.first().cloned(),
            names,
            not_before: Some(envelope::rfc3339(start)),
            not_after: Some(envelope::rfc3339(end)),
            tbs_sha256: None,
            ..record.entry
        };
        History { certificate: certificate.to_owned(), state: None, entries: vec![entry] }
    }

    #[test]
    fn the_state_says_what_to_do() {
        for (kind, age, left, state, is_overdue) in [
            ("certhooks.certificate.issued", 10, 37, State::Valid, false),
            ("certhooks.certificate.issued", 32, 15, State::Valid, false),
            ("certhooks.certificate.issued", 34, 13, State::Overdue, true),
            ("certhooks.certificate.issued", 48, -1, State::Expired, true),
            ("certhooks.certificate.revoked", 34, 13, State::Revoked, false),
            ("certhooks.certificate.deleted", 34, 13, State::Deleted, false),
            ("certhooks.certificate.renewal_failed", 10, 37, State::Failed, false),
            ("certhooks.certificate.renewal_failed", 34, 13, State::Failed, true),
            ("certhooks.ct.certificate_unexpected", 34, 13, State::Unexpected, false),
        ] {
            let row = Row::of(&history("a", kind, &["a"], age, left), OffsetDateTime::now_utc());
            let row = row.unwrap();
            assert_eq!((row.state, row.is_overdue), (state, is_overdue), "{kind} {age} {left}");
        }
    }

    #[test]
    fn a_certificate_came_with_the_first_event_that_tells_of_it() {
        let mut history = issued("a", 10, 37);
        let entry = history.entries.remove(0);
        for (id, serial) in [("1", ""), ("2", "0A"), ("3", "0B"), ("4", "0B")] {
            let serial_numbers = Some(serial.to_owned()).filter(|serial| !serial.is_empty());
            let serial_numbers = serial_numbers.into_iter().collect();
            history.entries.push(Entry { id: id.to_owned(), serial_numbers, ..entry.clone() });
        }
        let row = Row::of(&history, OffsetDateTime::now_utc()).unwrap();
        assert_eq!((row.source.id.as_str(), row.last.as_str()), ("3", "4"));
        assert_eq!((row.issuances, row.attempts), (2, 8));
    }

    #[test]
    fn the_common_name_of_an_issuer() {
        for (name, common) in [
            ("CN=R1,O=Let's Encrypt", "R1"),
            ("CN=A\\, Inc.,O=B", "A\\, Inc."),
            ("O=B", "O=B"),
            ("google", "google"),
        ] {
            assert_eq!(issuer_name(name), common);
        }
    }
}
