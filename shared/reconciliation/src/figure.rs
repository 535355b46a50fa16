//! The figure of a day: what a provider sent on one calendar day (UTC), and what became of it.

use time::{Date, Duration, OffsetDateTime};

use crate::recover::DELIVERY_TIME;
use crate::report::{RecoveryStatus, Row};

/// How many days are caught up with after days without a complete run. Status changes are dated for a week.
const MAX_DAYS: Duration = Duration::days(5);

/// An event that arrived.
pub(crate) struct Arrived {
    pub(crate) day: Option<Date>,
    /// A run put it on the queue.
    pub(crate) was_recovered: bool,
}

/// The day whose figure is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct DueDay {
    pub(crate) day: Date,
    /// The first of the days before it that get no figure any more.
    pub(crate) skipped_from: Option<Date>,
}

/// The events of one day, each counted once. `sent` is the sum of the other three.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Figure {
    /// In UTC.
    pub day: Date,
    /// In the provider's records of that day.
    pub sent: usize,
    /// Delivered without a run of the reconciler.
    pub known: usize,
    /// Put on the queue by a run, and delivered or on its way.
    pub recovered: usize,
    /// Neither.
    pub missing: usize,
}

impl DueDay {
    /// The oldest whole day after `last`, the day of the last figure or, before there is one, that of the first
    /// start. A day is over when what was sent in its last minute has had time to be delivered.
    pub(crate) fn after(last: Date, now: OffsetDateTime) -> Option<Self> {
        let newest = (now - DELIVERY_TIME).date().previous_day()?;
        let next = last.next_day()?;
        let day = next.max(newest - MAX_DAYS);
        (day <= newest).then(|| Self { day, skipped_from: (next < day).then_some(next) })
    }

    pub(crate) fn begin(&self) -> OffsetDateTime {
        self.day.midnight().assume_utc()
    }
}

impl Figure {
    pub(crate) fn of(day: Date, arrived: &[Arrived], rows: &[Row]) -> Self {
        let arrived = arrived.iter().filter(|arrived| arrived.day == Some(day));
        let (recovered, known): (Vec<_>, Vec<_>) = arrived.partition(|one| one.was_recovered);
        let rows: Vec<_> = rows.iter().filter(|row| row.day == Some(day)).collect();
        let is_missing = |row: &&&Row| row.status == RecoveryStatus::StillMissing;
        let missing = rows.iter().filter(is_missing).count();
        Self {
            day,
            sent: known.len() + recovered.len() + rows.len(),
            known: known.len(),
            recovered: recovered.len() + rows.len() - missing,
            missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::DueDay;

    #[test]
    fn a_day_is_due_an_hour_after_its_end() {
        let now = datetime!(2026-11-30 00:59 UTC);
        let due = |last, now| DueDay::after(last, now).map(|due| (due.day, due.skipped_from));
        assert_eq!(due(date!(2026 - 11 - 28), now), None);
        let now = datetime!(2026-11-30 01:00 UTC);
        for (last, expected) in [
            (date!(2026 - 11 - 28), Some((date!(2026 - 11 - 29), None))),
            (date!(2026 - 11 - 29), None),
            (date!(2026 - 12 - 24), None),
            (date!(2026 - 11 - 23), Some((date!(2026 - 11 - 24), None))),
            (date!(2026 - 11 - 20), Some((date!(2026 - 11 - 24), Some(date!(2026 - 11 - 21))))),
        ] {
            assert_eq!(due(last, now), expected, "{last}");
        }
    }
}
