use envelope::Check;
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
/// A day has 86,400 seconds, a part of one counts as a whole, and both ends are included.
pub(crate) fn lifetime(leaf: &Node<'_>, is_public_server: bool) -> Check {
    if !is_public_server {
        return Check::not_applicable(
            "not_public",
            "the limits are for TLS server certificates under Mozilla's anchors",
        );
    }
    let validity = leaf.x509().validity();
    let (start, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    let Some((_, most)) = LIMITS.into_iter().find(|(from, _)| start >= *from) else {
        return Check::not_applicable("before_limits", "it was issued before 2020-09-01");
    };
    let seconds = end.unix_timestamp() - start.unix_timestamp() + 1;
    let days = (seconds + 86_399) / 86_400;
    let label = leaf.label();
    if days > most {
        return Check::failed(
            "too_long",
            format!("{label} is valid for {days} days, and {most} were allowed when it was issued"),
        );
    }
    Check::ok(format!("{label} is valid for {days} days of {most} that are allowed"))
}
