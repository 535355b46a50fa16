use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::error::{CommandError, CommandResult};

/// The time that an option names: an age counted back from now, a day (UTC) or a time.
///
/// # Errors
/// The text is none of these; the message names the option and the forms that it takes.
pub(crate) fn parse_time(option: &str, text: &str) -> CommandResult<OffsetDateTime> {
    before(text, OffsetDateTime::now_utc()).ok_or_else(|| {
        CommandError::usage(format!(
            "{option} {text}: must be an age such as 90m, 24h or 7d, or a time such as 2026-11-01 or \
             2026-11-01T12:00:00Z"
        ))
    })
}

/// An age (`90s`, `90m`, `24h`, `7d`) is counted back from `now`; a day begins at midnight UTC; a time
/// without an offset is UTC. `None` where the text is none of these.
fn before(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let text = text.trim();
    let time = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    parse_duration(text)
        .and_then(|age| now.checked_sub(age))
        .or_else(|| time(text))
        .or_else(|| time(&format!("{text}Z")))
        .or_else(|| time(&format!("{text}T00:00:00Z")))
}

/// A number of seconds, minutes, hours or days: `90s`, `90m`, `24h`, `7d`. `None` where the text is
/// anything else.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|number| *number >= 0)?;
    number.checked_mul(seconds).map(Duration::seconds)
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
            ("24h", Some(datetime!(2026-11-21 12:00 UTC))),
            ("7d", Some(datetime!(2026-11-15 12:00 UTC))),
            ("2026-11-01", Some(datetime!(2026-11-01 0:00 UTC))),
            ("2026-11-01T12:00:00", Some(datetime!(2026-11-01 12:00 UTC))),
            ("2026-11-01T12:00:00+01:00", Some(datetime!(2026-11-01 11:00 UTC))),
            ("-1h", None),
            ("1w", None),
            ("yesterday", None),
            ("9999999999999999999d", None),
            ("999999999999d", None),
            ("", None),
        ] {
            assert_eq!(before(text, now), expected, "{text}");
        }
    }
}
