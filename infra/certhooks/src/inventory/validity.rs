use certificate::{allowed_days, validity_days};
use time::{Duration, OffsetDateTime};

use crate::inventory::Row;

/// The days for which public CAs issue, or will: a day less than the 200 that ballot SC-081v3 of the CA/Browser Forum
/// allows since 2026-03-15, the 100 from 2027-03-15, and the 47 from 2029-03-15.
pub(crate) const VALIDITIES: [i64; 3] = [199, 100, 47];

/// A renewal is expected in the last third of the validity, and in its last 30 days.
const RENEWAL: Duration = Duration::days(30);
/// It is overdue in the last 14 days; in the last third of a shorter validity.
const OVERDUE: Duration = Duration::days(14);

/// How long before its end a certificate is expected to be renewed that is valid for so long.
pub(crate) fn renewal_lead(validity: Duration) -> Duration {
    RENEWAL.min(validity / 3)
}

impl Row {
    /// For how long it is valid.
    pub(crate) fn validity(&self) -> Option<Duration> {
        Some(self.not_after? - self.not_before?)
    }

    /// When it is expected to be renewed.
    pub(crate) fn renewal(&self) -> Option<OffsetDateTime> {
        Some(self.not_after? - self.validity().map_or(RENEWAL, renewal_lead))
    }

    /// When it is to be renewed, unless another certificate took its place or it has ended otherwise.
    pub(crate) fn next_renewal(&self) -> Option<OffsetDateTime> {
        self.renewal().filter(|_| self.is_current())
    }

    /// From when on its renewal is overdue.
    pub(crate) fn overdue_from(&self) -> Option<OffsetDateTime> {
        let lead = self.validity().map_or(OVERDUE, |validity| OVERDUE.min(validity / 3));
        Some(self.not_after? - lead)
    }

    /// The days that a certificate may be valid for that replaces it then. `None` where no limit holds: it was issued for
    /// longer than any public CA was allowed to.
    pub(crate) fn allowed_days(&self, replaced: OffsetDateTime) -> Option<i64> {
        let is_public = match (self.not_before, self.not_after) {
            (Some(start), Some(end)) => {
                allowed_days(start).is_none_or(|most| validity_days(start, end) <= most)
            }
            _ => true,
        };
        allowed_days(replaced).filter(|_| is_public)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::inventory::row_between;

    #[test]
    fn a_renewal_is_held_to_the_limit_of_its_day() {
        for (start, days, renewal, allowed) in [
            (datetime!(2026-11-01 0:00 UTC), 199, datetime!(2027-04-19 0:00 UTC), Some(100)),
            (datetime!(2026-03-01 0:00 UTC), 397, datetime!(2027-03-03 0:00 UTC), Some(200)),
            (datetime!(2029-02-01 0:00 UTC), 90, datetime!(2029-04-02 0:00 UTC), Some(47)),
            // No public CA may issue for so long.
            (datetime!(2026-11-01 0:00 UTC), 730, datetime!(2028-10-01 0:00 UTC), None),
        ] {
            let row = row_between(start, start + Duration::days(days));
            let found = row.renewal().unwrap();
            assert_eq!((found, row.allowed_days(found)), (renewal, allowed), "{start}");
        }
    }

    #[test]
    fn a_renewal_is_overdue_fourteen_days_before_the_end() {
        let start = datetime!(2026-11-01 0:00 UTC);
        for (days, left) in [(199, 14), (47, 14), (6, 2)] {
            let end = start + Duration::days(days);
            let row = row_between(start, end);
            assert_eq!(row.overdue_from(), Some(end - Duration::days(left)), "{days}");
        }
    }
}
