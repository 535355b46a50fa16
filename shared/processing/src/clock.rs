use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// Where "now" comes from and what waiting is. The machine's, but in tests that drive a worker
/// through hours.
pub trait Clock: Send + Sync + 'static {
    /// The calendar's time, which events carry.
    fn now(&self) -> OffsetDateTime;

    /// Monotonic, for windows and pauses.
    fn instant(&self) -> Instant;

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

pub(crate) struct Machine;

impl Clock for Machine {
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
