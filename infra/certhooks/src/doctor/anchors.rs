use certificate::MOZILLA_LIST_DATE;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::doctor::Finding;

/// Roots come and go; a list older than this misses some.
const MAX_AGE: Duration = Duration::days(365);

/// Whether the list of Mozilla's trust anchors in this program is still worth the name. It is that of the
/// worker too, which is released with it.
pub(crate) fn check(now: OffsetDateTime) -> Finding {
    let listed = Date::parse(MOZILLA_LIST_DATE, format_description!("[year]-[month]-[day]"));
    let is_old = listed.is_ok_and(|listed| now.date() - listed > MAX_AGE);
    let detail = format!("Mozilla's list is of {MOZILLA_LIST_DATE}");
    if is_old {
        let fix = "install a newer release of Certhooks, and deploy it to the stack";
        return Finding::warning(format!("{detail}, more than a year old"), fix);
    }
    Finding::ok(detail)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_list_is_old_after_a_year() {
        let warns = |now| !check(now).fix.is_empty();
        assert!(!warns(datetime!(2027-10-19 23:59 UTC)));
        assert!(warns(datetime!(2028-01-01 0:00 UTC)));
    }
}
