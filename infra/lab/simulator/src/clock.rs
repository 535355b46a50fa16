use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// The time of the providers: that of the machine or of a test, advanced on request, so that tests can let a token of 30
/// minutes expire. Certificates use the time that is not advanced.
pub(crate) struct Clock {
    base: Arc<dyn ports::Clock>,
    advanced_millis: AtomicU64,
}

impl Clock {
    pub(crate) fn new(base: Arc<dyn ports::Clock>) -> Self {
        Self { base, advanced_millis: AtomicU64::new(0) }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        let ahead = i64::try_from(self.advanced_millis.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        self.base.now().saturating_add(time::Duration::milliseconds(ahead))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ahead: u64| Some(ahead.saturating_add(by));
        // The closure never returns `None`, so there is no error.
        let _ = self.advanced_millis.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use time::OffsetDateTime;

    use super::Clock;

    #[test]
    fn the_clock_advances_up_to_the_end_of_the_calendar() {
        let clock = Clock::new(Arc::new(ports::SystemClock));
        clock.advance(Duration::from_secs(1800));
        clock.advance(Duration::from_secs(1800));
        let ahead = clock.now() - OffsetDateTime::now_utc();
        assert!((ahead - time::Duration::HOUR).abs() < time::Duration::SECOND, "{ahead}");
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().year(), 9999);
    }
}
