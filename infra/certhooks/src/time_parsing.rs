use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The time that an option names: an age counted back from now, a day (UTC) or a time.
///
/// # Errors
/// The text is none of these; the message names the forms that the option takes.
pub(crate) fn parse_time(text: &str) -> Result<OffsetDateTime, String> {
    before(text, OffsetDateTime::now_utc()).ok_or_else(|| {
        "must be an age such as 90m, 24h or 7d, or a time such as 2026-11-01 or 2026-11-01T12:00:00Z"
            .to_owned()
    })
}

/// A time in a text of ours.
pub(crate) fn parsed(text: Option<&str>) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text?, &Rfc3339).ok()
}

/// A duration such as `90s`, `90m`, `7d` or `1h30m`.
///
/// # Errors
/// The text is anything else; the message names the forms that the option takes.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "must be a duration such as 90s, 15m, 7d or 1h30m".to_owned())
}

/// An age is counted back from `now`; a day begins at midnight UTC; a time without an offset is UTC.
/// `None` where the text is none of these.
fn before(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let text = text.trim();
    let time = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let age = || parse_duration(text).ok().and_then(|age| time::Duration::try_from(age).ok());
    age()
        .and_then(|age| now.checked_sub(age))
        .or_else(|| time(text))
        .or_else(|| time(&format!("{text}Z")))
        .or_else(|| time(&format!("{text}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::before;

    #[test]
    fn a_time_is_an_age_a_day_or_a_time() {
        let now = datetime!(2026-11-22 12:00 UTC);
        for (text, expected) in [
            ("90s", Some(datetime!(2026-11-22 11:58:30 UTC))),
            ("90m", Some(datetime!(2026-11-22 10:30 UTC))),
            ("1h30m", Some(datetime!(2026-11-22 10:30 UTC))),
            ("24h", Some(datetime!(2026-11-21 12:00 UTC))),
            ("7d", Some(datetime!(2026-11-15 12:00 UTC))),
            ("2026-11-01", Some(datetime!(2026-11-01 0:00 UTC))),
            ("2026-11-01T12:00:00", Some(datetime!(2026-11-01 12:00 UTC))),
            ("2026-11-01T12:00:00+01:00", Some(datetime!(2026-11-01 11:00 UTC))),
            ("-1h", None),
            ("yesterday", None),
            ("9999999999999999999d", None),
            ("999999999999d", None),
            ("", None),
        ] {
            assert_eq!(before(text, now), expected, "{text}");
        }
    }
}
