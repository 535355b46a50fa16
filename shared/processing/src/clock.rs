use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// The source of time. It is the system's, except in tests that drive a worker through hours.
pub trait Clock: Send + Sync + 'static {
    /// The calendar time, which events carry.
    fn now(&self) -> OffsetDateTime;

    /// The monotonic time, for rate limits and pauses.
    fn instant(&self) -> Instant;

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

pub(crate) struct System;

impl Clock for System {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
