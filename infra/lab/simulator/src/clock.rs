use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// The providers' time: the machine's, and what it was put forward by, so that a token of 30
/// minutes can be seen to expire. Certificates go by the machine's.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_millis: AtomicU64,
}

impl Clock {
    pub(crate) fn now(&self) -> OffsetDateTime {
        let ahead = i64::try_from(self.ahead_millis.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        OffsetDateTime::now_utc().saturating_add(time::Duration::milliseconds(ahead))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ahead: u64| Some(ahead.saturating_add(by));
        // The closure never gives up, so there is no error.
        let _ = self.ahead_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::OffsetDateTime;

    use super::Clock;

    #[test]
    fn it_goes_forward_and_no_further_than_the_calendar() {
        let clock = Clock::default();
        clock.advance(Duration::from_secs(1800));
        clock.advance(Duration::from_secs(1800));
        let ahead = clock.now() - OffsetDateTime::now_utc();
        assert!((ahead - time::Duration::HOUR).abs() < time::Duration::SECOND, "{ahead}");
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().year(), 9999);
    }
}
