use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// The source of time. It is the system's, except in tests that drive a program through hours.
pub trait Clock: Send + Sync + 'static {
    /// The calendar time, which events carry.
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// The monotonic time, for rate limits and pauses.
    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {}
