use envelope::{CertificateEvent, rfc3339};
use providers::profile;
use time::{Duration, OffsetDateTime};

/// The columns of a delivered event for people: outcome of the call-back, name in the leaf certificate, day
/// of its expiry. `-` where the event has no certificate.
pub(crate) fn columns(event: &CertificateEvent) -> [String; 3] {
    let data = &event.data;
    let leaf = data.certificates.first();
    let outcome = match data.callback.reason {
        Some(reason) => format!("{} ({reason})", data.callback.outcome),
        None => data.callback.outcome.to_string(),
    };
    let name = leaf
        .and_then(|leaf| leaf.names.as_ref()?.dns.first().cloned().or_else(|| leaf.subject.clone()))
        .unwrap_or_else(|| "-".into());
    let expires = leaf.and_then(|leaf| leaf.not_after.as_deref()).map_or("-", day);
    [outcome, short(&name, 40), expires.to_owned()]
}

/// A provider's event name, without what all of that provider's begin with.
pub(crate) fn event_name(event: &str) -> String {
    let mut prefixes = profile::ALL.iter().map(|profile| profile.event_prefix);
    let name =
        prefixes.find_map(|prefix| event.strip_prefix(prefix).filter(|_| !prefix.is_empty()));
    short(name.unwrap_or(event), 34)
}

/// A type of ours without what all begin with.
pub(crate) fn without_prefix(kind: &str) -> &str {
    kind.strip_prefix("certhooks.").unwrap_or(kind)
}

/// RFC 3339 in whole seconds.
pub(crate) fn whole_seconds(time: OffsetDateTime) -> String {
    rfc3339(time.replace_nanosecond(0).unwrap_or(time))
}

/// Removes control characters, so that text from outside is safe on one line of a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A name from outside for a column: without control characters, and at most `width` characters.
pub(crate) fn short(text: &str, width: usize) -> String {
    let clean = clean(text);
    match clean.char_indices().nth(width) {
        Some(_) => clean.chars().take(width - 1).chain(['…']).collect(),
        None => clean,
    }
}

/// The date of an RFC 3339 time.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// A JSON document on one line. An event holds the provider's document byte for byte, which may have
/// line breaks. In JSON these stand between tokens only: within a string they are escaped (RFC 8259,
/// section 7).
pub(crate) fn one_line(body: &str) -> String {
    body.replace(['\n', '\r'], " ")
}

/// A duration for people: `3 d`, `5 h`, `12 min`, `40 s`.
pub(crate) fn span(duration: Duration) -> String {
    match duration.whole_seconds() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}
