use envelope::{Check, Code};
use time::OffsetDateTime;
use time::macros::datetime;

use super::node::Node;

/// CA/Browser Forum, Baseline Requirements, 6.3.2: the days that a certificate may be valid for, by the
/// day from which it is; newest first.
const LIMITS: [(OffsetDateTime, i64); 4] = [
    (datetime!(2029-03-15 0:00 UTC), 47),
    (datetime!(2027-03-15 0:00 UTC), 100),
    (datetime!(2026-03-15 0:00 UTC), 200),
    (datetime!(2020-09-01 0:00 UTC), 398),
];

/// Whether a TLS server's certificate under one of Mozilla's anchors is valid for no longer than allowed.
pub(crate) fn lifetime(leaf: &Node<'_>, is_public_server: bool) -> Check {
    if !is_public_server {
        return Check::not_applicable(
            Code::NotPublic,
            "the limits are for TLS server certificates under Mozilla's anchors",
        );
    }
    let validity = leaf.x509().validity();
    let (start, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    let Some(most) = allowed_days(start) else {
        return Check::not_applicable(Code::BeforeLimits, "it was issued before 2020-09-01");
    };
    let (days, label) = (validity_days(start, end), leaf.label());
    if days > most {
        return Check::failed(
            Code::TooLong,
            format!("{label} is valid for {days} days, and {most} were allowed when it was issued"),
        );
    }
    Check::ok(format!("{label} is valid for {days} days of {most} that are allowed"))
}

/// The days that a public TLS server's certificate may be valid for that is valid from then (CA/Browser Forum,
/// Baseline Requirements, 6.3.2, with ballot SC-081v3); `None` before there was a limit.
pub fn allowed_days(start: OffsetDateTime) -> Option<i64> {
    LIMITS.into_iter().find(|(from, _)| start >= *from).map(|(_, most)| most)
}

/// The days of a validity: a day has 86,400 seconds, a part of one counts as a whole, and both ends are included.
pub fn validity_days(start: OffsetDateTime, end: OffsetDateTime) -> i64 {
    let seconds = end.unix_timestamp() - start.unix_timestamp() + 1;
    (seconds + 86_399) / 86_400
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn the_day_of_issuance_decides_the_limit() {
        for (start, expected) in [
            (datetime!(2020-08-31 23:59:59 UTC), None),
            (datetime!(2020-09-01 0:00 UTC), Some(398)),
            (datetime!(2026-03-14 23:59:59 UTC), Some(398)),
            (datetime!(2026-03-15 0:00 UTC), Some(200)),
            (datetime!(2027-03-14 23:59:59 UTC), Some(200)),
            (datetime!(2027-03-15 0:00 UTC), Some(100)),
            (datetime!(2029-03-14 23:59:59 UTC), Some(100)),
            (datetime!(2029-03-15 0:00 UTC), Some(47)),
        ] {
            assert_eq!(allowed_days(start), expected, "{start}");
        }
    }

    #[test]
    fn both_ends_count_and_a_part_of_a_day_is_a_day() {
        let start = datetime!(2026-11-01 12:00 UTC);
        let day = Duration::DAY;
        for (end, expected) in [
            (start, 1),
            (start + day - Duration::SECOND, 1),
            (start + day, 2),
            (start + day * 200 - Duration::SECOND, 200),
            (start + day * 200, 201),
        ] {
            assert_eq!(validity_days(start, end), expected, "{end}");
        }
    }
}
