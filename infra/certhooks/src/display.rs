use std::borrow::Cow;

use envelope::{CertificateEvent, rfc3339};
use providers::characters::is_active;
use providers::profile::{self, Profile};
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
    [outcome, clean(&name), expires.to_owned()]
}

/// A provider's event name, or the type of its envelope, for a column, without what all of that provider's begin with.
pub(crate) fn event_name(event: &str) -> String {
    short(bare_event_name(event), 34)
}

/// The same as it came.
pub(crate) fn bare_event_name(event: &str) -> &str {
    let without = |name, of: fn(&Profile) -> &'static str| {
        let mut prefixes = profile::ALL.iter().map(|profile| of(profile));
        let found = prefixes
            .find_map(|prefix| str::strip_prefix(name, prefix).filter(|_| !prefix.is_empty()));
        found.unwrap_or(name)
    };
    without(without(event, |profile| profile.type_prefix), |profile| profile.event_prefix)
}

/// A type of ours without what all begin with.
pub(crate) fn without_prefix(kind: &str) -> &str {
    kind.strip_prefix("certhooks.").unwrap_or(kind)
}

/// RFC 3339 in whole seconds.
pub(crate) fn whole_seconds(time: OffsetDateTime) -> String {
    rfc3339(time.replace_nanosecond(0).unwrap_or(time))
}

/// Escapes what a terminal takes for more than text, as JSON does (`\u009b`), which changes no JSON
/// document. Line breaks and tabs stay. Everything that a command prints goes through this.
pub(crate) fn for_terminal(text: &str) -> Cow<'_, str> {
    let is_active = |character: char| is_active(character) && !matches!(character, '\n' | '\t');
    if !text.contains(is_active) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_active(character) {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            safe.extend(units.into_iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            safe.push(character);
        }
    }
    safe.into()
}

/// Removes the same and line breaks, so that text from outside stays on its line and in its column.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|character| !is_active(*character)).collect()
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

#[cfg(test)]
mod tests {
    use super::{bare_event_name, clean, for_terminal};

    #[test]
    fn an_event_is_named_without_what_all_of_its_provider_begin_with() {
        for (event, name) in [
            ("certificate_issued", "certificate_issued"),
            ("com.digicert.certcentral.certificate_issued", "certificate_issued"),
            ("ssl.custom_hostname_certificate.issuance.succeeded", "issuance.succeeded"),
            (
                "com.cloudflare.ssl.custom_hostname_certificate.issuance.succeeded",
                "issuance.succeeded",
            ),
            ("com.sslmate.certspotter.unknown_certificate", "unknown_certificate"),
            ("com.example.other", "com.example.other"),
        ] {
            assert_eq!(bare_event_name(event), name);
        }
    }

    #[test]
    fn a_terminal_gets_text_only() {
        for (text, printed, cleaned) in [
            ("www.example.com ä €", "www.example.com ä €", "www.example.com ä €"),
            ("a\u{1b}]0;x\u{7}b", "a\\u001b]0;x\\u0007b", "a]0;xb"),
            ("a\u{9b}2Jb\u{7f}", "a\\u009b2Jb\\u007f", "a2Jb"),
            ("a\u{202e}b\u{200b}c\u{2066}d", "a\\u202eb\\u200bc\\u2066d", "abcd"),
            ("a\nb\tc", "a\nb\tc", "abc"),
            ("a\rb", "a\\u000db", "ab"),
            ("a\u{e0041}b", "a\\udb40\\udc41b", "ab"),
        ] {
            assert_eq!(for_terminal(text), printed);
            assert_eq!(clean(text), cleaned);
        }
        let document = "{\"a\":\"\u{9b}\u{e0041}\u{202e}\"}";
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&for_terminal(document)), read(document));
    }
}
