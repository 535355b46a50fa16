use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ::time::OffsetDateTime;
use processing::Clock;
use tokio::sync::watch;

/// Time that stands still until a test advances it, and that knows when each sleeper wakes.
pub(crate) struct Simulated {
    began: OffsetDateTime,
    instant: Instant,
    passed: watch::Sender<Duration>,
    /// When each sleeper wakes.
    asleep: watch::Sender<Vec<Duration>>,
}

impl Simulated {
    pub(crate) fn new() -> Self {
        Self {
            began: OffsetDateTime::now_utc(),
            instant: Instant::now(),
            passed: watch::Sender::new(Duration::ZERO),
            asleep: watch::Sender::new(Vec::new()),
        }
    }

    pub(crate) fn passed(&self) -> Duration {
        *self.passed.borrow()
    }

    pub(crate) fn advance_to(&self, passed: Duration) {
        self.asleep.send_modify(|asleep| asleep.retain(|wakes| *wakes > passed));
        self.passed.send_replace(passed);
    }

    pub(crate) fn asleep(&self) -> watch::Receiver<Vec<Duration>> {
        self.asleep.subscribe()
    }
}

impl Clock for Simulated {
    fn now(&self) -> OffsetDateTime {
        self.began + self.passed()
    }

    fn instant(&self) -> Instant {
        self.instant + self.passed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let wakes = self.passed() + duration;
        let mut passed = self.passed.subscribe();
        Box::pin(async move {
            self.asleep.send_modify(|asleep| asleep.push(wakes));
            passed.wait_for(|passed| *passed >= wakes).await.map(drop).unwrap();
        })
    }
}
