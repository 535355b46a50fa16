use certificate::{MOZILLA_LIST_DATE, log_list_date};
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::doctor::Finding;

/// Roots come and go; a list older than this misses some.
const ANCHORS_MAX_AGE: Duration = Duration::days(365);
/// Each half-year has logs of its own, which are listed long before they are used.
const LOGS_MAX_AGE: Duration = Duration::days(270);

/// Whether the list of Mozilla's trust anchors in this program is still worth the name. It is that of the
/// worker too, which is released with it.
pub(crate) fn anchors(now: OffsetDateTime) -> Finding {
    age("Mozilla's list", MOZILLA_LIST_DATE, ANCHORS_MAX_AGE, now)
}

/// The same of the list of certificate transparency logs.
pub(crate) fn logs(now: OffsetDateTime) -> Finding {
    age("Chrome's list of logs", log_list_date(), LOGS_MAX_AGE, now)
}

fn age(list: &str, date: &str, max_age: Duration, now: OffsetDateTime) -> Finding {
    let listed = Date::parse(date, format_description!("[year]-[month]-[day]"));
    let is_old = listed.is_ok_and(|listed| now.date() - listed > max_age);
    let detail = format!("{list} is of {date}");
    if is_old {
        let fix = "install a newer release of Certhooks, and deploy it to the stack";
        let days = max_age.whole_days();
        return Finding::warning(format!("{detail}, more than {days} days old"), fix);
    }
    Finding::ok(detail)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_list_is_old_after_its_time() {
        let is_old = |finding: Finding| !finding.fix.is_empty();
        assert!(!is_old(anchors(datetime!(2027-10-19 23:59 UTC))));
        assert!(is_old(anchors(datetime!(2028-01-01 0:00 UTC))));
        let of_april = |now| age("the list", "2026-04-01", LOGS_MAX_AGE, now);
        assert!(!is_old(of_april(datetime!(2026-12-27 23:59 UTC))));
        assert!(is_old(of_april(datetime!(2026-12-28 0:00 UTC))));
        assert!(!is_old(logs(datetime!(2026-11-30 0:00 UTC))));
    }
}
