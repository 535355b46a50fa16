use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::CommandResult;

/// The share of the time that may be spent on making a value is one of so many.
const SHARE: u32 = 10;

/// A value that is made for all who ask in an interval, and never so often that it takes a large share of
/// the time.
pub(crate) struct Cached<T>(Mutex<Option<Made<T>>>);

struct Made<T> {
    value: Arc<T>,
    until: Instant,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Cached<T> {
    /// # Errors
    /// It could not be made; the next who asks tries again.
    pub(crate) async fn get(
        &self,
        interval: Duration,
        make: impl Future<Output = CommandResult<T>>,
    ) -> CommandResult<Arc<T>> {
        let mut slot = self.0.lock().await;
        if let Some(made) = &*slot
            && Instant::now() < made.until
        {
            return Ok(Arc::clone(&made.value));
        }
        let began = Instant::now();
        let value = Arc::new(make.await?);
        let until = Instant::now() + interval.max(began.elapsed() * SHARE);
        *slot = Some(Made { value: Arc::clone(&value), until });
        Ok(value)
    }

    /// Makes it anew for the next who asks.
    pub(crate) async fn clear(&self) {
        *self.0.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::error::CommandError;

    #[tokio::test(start_paused = true)]
    async fn a_value_is_made_once_in_an_interval_and_an_error_is_not_kept() {
        const INTERVAL: Duration = Duration::from_secs(1);
        let (cached, made) = (Cached::default(), AtomicU32::new(0));
        let make = || async { Ok(made.fetch_add(1, Ordering::Relaxed)) };
        let failed = cached.get(INTERVAL, async { Err(CommandError::failed("no")) }).await;
        assert!(failed.is_err());
        assert_eq!(*cached.get(INTERVAL, make()).await.unwrap(), 0);
        assert_eq!(*cached.get(INTERVAL, make()).await.unwrap(), 0);
        tokio::time::advance(INTERVAL).await;
        assert_eq!(*cached.get(INTERVAL, make()).await.unwrap(), 1);
        cached.clear().await;
        assert_eq!(*cached.get(INTERVAL, make()).await.unwrap(), 2);
        // What takes 3 s is kept for 30.
        cached.clear().await;
        let slow = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(9)
        };
        assert_eq!(*cached.get(INTERVAL, slow).await.unwrap(), 9);
        tokio::time::advance(Duration::from_secs(29)).await;
        assert_eq!(*cached.get(INTERVAL, make()).await.unwrap(), 9);
    }
}
