//! Times as the messages write them: RFC 3339 in UTC with six decimals, so that text order is time order.
//! Any RFC 3339 time is read.

use serde::{Deserialize, Deserializer, Serializer, de, ser};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A time as the messages write it. Empty for a year beyond 9999, which RFC 3339 cannot write.
pub fn timestamp(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(FORMAT).unwrap_or_default()
}

pub(crate) fn serialize<S: Serializer>(
    time: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match timestamp(*time) {
        text if text.is_empty() => Err(ser::Error::custom("a year that RFC 3339 cannot write")),
        text => serializer.serialize_str(&text),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OffsetDateTime, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_order_of_the_texts_is_that_of_the_times() {
        let mut times = [
            datetime!(2026-01-01 00:00:00 UTC),
            datetime!(2026-01-01 00:00:00.000_001 UTC),
            datetime!(2026-01-01 00:00:00.1 UTC),
            datetime!(2026-01-01 02:00:00.2 +2),
            datetime!(2026-01-01 00:00:00.123_456_789 UTC),
        ];
        times.sort();
        let texts = times.map(timestamp);
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts[0], "2026-01-01T00:00:00.000000Z");
        assert_eq!(texts[4], "2026-01-01T00:00:00.200000Z");
    }
}
