use std::time::Duration;

use time::OffsetDateTime;

/// Where "now" comes from; tests pass their own.
pub(crate) type Clock = fn() -> OffsetDateTime;

/// Microseconds since 1970, as every table keeps a moment.
pub(crate) fn micros(moment: OffsetDateTime) -> i64 {
    // Years -9999 to 9999, all that `OffsetDateTime` holds, fit 2^63 microseconds 29 times.
    (moment.unix_timestamp_nanos() / 1000) as i64
}

pub(crate) fn moment(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(crate) fn span(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
