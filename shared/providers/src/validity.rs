//! The validity of a certificate as providers write it: RFC 3339 with any offset or fraction, or a date alone.

use envelope::rfc3339;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, time};
use time::{Date, OffsetDateTime, Time, UtcOffset};

use crate::envelope_builder::plausible;

/// The beginning as RFC 3339 in UTC with seconds. A date alone is its first second.
pub(crate) fn beginning(text: &str) -> Option<String> {
    seconds(text, Time::MIDNIGHT)
}

/// The end in the same form. A date alone is its last second.
pub(crate) fn end(text: &str) -> Option<String> {
    seconds(text, time!(23:59:59))
}

fn seconds(text: &str, of_day: Time) -> Option<String> {
    let graph = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory][offset_minute]"
    );
    let date = || {
        let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
        Some(date.with_time(of_day).assume_utc())
    };
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, graph))
        .ok()
        .or_else(date)?;
    plausible(time)?.to_offset(UtcOffset::UTC).replace_nanosecond(0).ok().map(rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_one() {
        for (text, first, last) in [
            ("2026-01-02", "2026-01-02T00:00:00Z", "2026-01-02T23:59:59Z"),
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z", "2026-01-02T01:04:05Z"),
            ("2026-01-02T03:04:05+0000", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ] {
            assert_eq!(beginning(text).as_deref(), Some(first), "{text}");
            assert_eq!(end(text).as_deref(), Some(last), "{text}");
        }
        for text in ["", "soon", "2026-13-01", "02.01.2026", "1767312000", "99999-01-01"] {
            assert_eq!((beginning(text), end(text)), (None, None), "{text}");
        }
    }
}
