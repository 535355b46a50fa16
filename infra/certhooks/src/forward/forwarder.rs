use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use embedded::{Consumer, ConsumerStatus, Delivered, Due, NotTaken, Reader};
use ports::PortResult;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::args::DeliveryFilter;
use crate::error::{CommandError, CommandResult};
use crate::forward::progress::{Outcome, Progress};
use crate::forward::target::{Failure, Target};
use crate::stop_signal::StopSignal;

/// Number of deliveries read at a time.
const PAGE: u32 = 50;
/// Interval between two looks for new deliveries, and for retries that are due.
const PAUSE: Duration = Duration::from_millis(200);
/// Pause after an error of the database, such as a full disk.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// The delay after the first failed attempt, which doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(5 * 60);
/// Number of failures in a row after which a new delivery is begun once per [`FAILING_PAUSE`]: most likely
/// it is the consumer that fails. What it is not offered meanwhile stays in order.
const FAILURES_IN_A_ROW: u32 = 10;
const FAILING_PAUSE: Duration = Duration::from_secs(1);

/// Hands deliveries over to one consumer.
pub(crate) struct Forwarder {
    consumer: Consumer,
    reader: Reader,
    target: Target,
    progress: Progress,
    filter: DeliveryFilter,
    give_up_after: Duration,
    /// New deliveries that were not taken, since anything was.
    failures: AtomicU32,
    stop: watch::Sender<bool>,
}

/// The attempts at a delivery so far.
#[derive(Clone, Copy)]
struct Earlier {
    attempts: u32,
    since: OffsetDateTime,
}

impl Forwarder {
    pub(crate) fn new(
        consumer: Consumer,
        reader: Reader,
        target: Target,
        progress: Progress,
        filter: DeliveryFilter,
        give_up_after: Duration,
    ) -> Self {
        Self {
            consumer,
            reader,
            target,
            progress,
            filter,
            give_up_after,
            failures: AtomicU32::new(0),
            stop: watch::Sender::new(false),
        }
    }

    /// Hands over until a signal, then waits for the attempts in progress; a second signal ends them.
    pub(crate) async fn run(self) -> CommandResult<()> {
        let mut stop_signal = StopSignal::listen()?;
        self.progress.started(&self.status().await?);
        let lanes = async { tokio::try_join!(self.hand_over_new(), self.hand_over_again()) };
        tokio::pin!(lanes);
        let outcome = tokio::select! {
            outcome = &mut lanes => outcome,
            () = stop_signal.received() => {
                self.stop.send_replace(true);
                tokio::select! {
                    outcome = lanes => outcome,
                    () = stop_signal.received() => {
                        self.target.cancel();
                        Ok(((), ()))
                    }
                }
            }
        };
        outcome?;
        self.progress.stopped(&self.status().await?);
        Ok(())
    }

    /// Hands over what is after the position, in order and one at a time.
    async fn hand_over_new(&self) -> CommandResult<()> {
        let mut position = self.consumer.position().await?;
        while !self.is_stopped() {
            let page = match self.reader.read_after(position, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    self.progress.output().warn(&error.to_string());
                    self.pause(ERROR_PAUSE).await;
                    continue;
                }
            };
            let mut passed = None;
            for delivered in &page {
                position = delivered.sequence;
                if !self.filter.selects(delivered) {
                    passed = Some(position);
                    continue;
                }
                self.pause_if_failing().await;
                if self.is_stopped() {
                    return Ok(());
                }
                self.attempt(delivered, None).await?;
                passed = None;
            }
            if let Some(sequence) = passed {
                self.store(|| self.consumer.taken(sequence)).await?;
            }
            if page.len() < PAGE as usize {
                self.pause(PAUSE).await;
            }
        }
        Ok(())
    }

    /// Hands over what was not taken and is due again, one at a time.
    async fn hand_over_again(&self) -> CommandResult<()> {
        while !self.is_stopped() {
            match self.reader.next_due(self.consumer.name()).await {
                Ok(Some(Due { delivered, attempts, since })) => {
                    self.attempt(&delivered, Some(Earlier { attempts, since })).await?;
                }
                Ok(None) => self.pause(PAUSE).await,
                Err(error) => {
                    self.progress.output().warn(&error.to_string());
                    self.pause(ERROR_PAUSE).await;
                }
            }
        }
        Ok(())
    }

    /// Hands one delivery over, and stores what came of it.
    async fn attempt(&self, delivered: &Delivered, earlier: Option<Earlier>) -> CommandResult<()> {
        let began = Instant::now();
        let begun = OffsetDateTime::now_utc();
        let result = self.target.hand_over(delivered).await;
        let duration = began.elapsed();
        let now = OffsetDateTime::now_utc();
        let Earlier { attempts, since } = earlier.unwrap_or(Earlier { attempts: 0, since: begun });
        let outcome = outcome(result, attempts, now - since, self.give_up_after);
        let sequence = delivered.sequence;
        match &outcome {
            Outcome::Taken => self.failures.store(0, Ordering::Relaxed),
            _ if earlier.is_none() => drop(self.failures.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        self.store(|| async {
            match (not_taken(&outcome, now), earlier) {
                (None, _) => self.consumer.taken(sequence).await,
                (Some(failure), None) => self.consumer.not_taken(sequence, failure).await,
                (Some(failure), Some(_)) => self.consumer.not_taken_again(sequence, failure).await,
            }
        })
        .await?;
        self.progress.attempt(delivered, attempts + 1, duration, &outcome);
        Ok(())
    }

    /// Stores something, again and again until it works: nothing more is handed over meanwhile, since it
    /// would be handed over again after the next start.
    async fn store<F>(&self, write: impl Fn() -> F) -> CommandResult<()>
    where
        F: Future<Output = PortResult<()>>,
    {
        loop {
            let Err(error) = write().await else { return Ok(()) };
            let error = format!("the position is not stored: {error}");
            if self.is_stopped() {
                return Err(CommandError::failed(format!(
                    "{error}; the last event will be handed over again"
                )));
            }
            self.progress.output().warn(&error);
            self.pause(ERROR_PAUSE).await;
        }
    }

    async fn status(&self) -> PortResult<ConsumerStatus> {
        let all = self.reader.consumers().await?;
        let own = all.into_iter().find(|status| status.name == self.consumer.name());
        own.ok_or_else(|| {
            ports::PortError(format!("the consumer {} is not stored", self.consumer.name()))
        })
    }

    async fn pause_if_failing(&self) {
        if self.failures.load(Ordering::Relaxed) >= FAILURES_IN_A_ROW {
            self.pause(FAILING_PAUSE).await;
        }
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits, but not longer than until the signal to stop.
    async fn pause(&self, duration: Duration) {
        let mut stopped = self.stop.subscribe();
        let _stopped = tokio::time::timeout(duration, stopped.wait_for(|stopped| *stopped)).await;
    }
}

/// What follows from an attempt, `age` after the first one.
fn outcome(
    result: Result<(), Failure>,
    earlier_attempts: u32,
    age: time::Duration,
    give_up_after: Duration,
) -> Outcome {
    match result {
        Ok(()) => Outcome::Taken,
        Err(Failure { reason, is_final, .. }) if is_final || age >= give_up_after => {
            Outcome::SetAside { reason }
        }
        Err(Failure { reason, retry_after, .. }) => {
            let doubled = FIRST_DELAY.saturating_mul(1 << earlier_attempts.min(20));
            let delay =
                retry_after.map_or(doubled.min(LONGEST_DELAY), |asked| asked.max(FIRST_DELAY));
            Outcome::Retry { reason, delay }
        }
    }
}

fn not_taken(outcome: &Outcome, now: OffsetDateTime) -> Option<NotTaken> {
    match outcome {
        Outcome::Taken => None,
        Outcome::Retry { reason, delay } => {
            Some(NotTaken { reason: reason.clone(), due: Some(now + *delay) })
        }
        Outcome::SetAside { reason } => Some(NotTaken { reason: reason.clone(), due: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn delay(attempts: u32, retry_after: Option<u64>) -> u64 {
        let failure =
            Failure { retry_after: retry_after.map(Duration::from_secs), ..Failure::of("500") };
        match outcome(Err(failure), attempts, time::Duration::ZERO, DAY) {
            Outcome::Retry { delay, .. } => delay.as_secs(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn delays_double_from_1_second_to_5_minutes() {
        let delays: Vec<_> = (0..11).map(|attempts| delay(attempts, None)).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(delay(u32::MAX, None), 300);
        assert_eq!(delay(5, Some(7)), 7, "Retry-After goes before");
        assert_eq!(delay(0, Some(3600)), 3600);
        assert_eq!(delay(0, Some(0)), 1, "no busy loop");
    }

    #[test]
    fn what_is_not_taken_in_time_or_refused_for_good_is_set_aside() {
        let after =
            |age, is_final| outcome(Err(Failure { is_final, ..Failure::of("x") }), 3, age, DAY);
        let set_aside = Outcome::SetAside { reason: "x".to_owned() };
        assert_eq!(after(time::Duration::HOUR * 24, false), set_aside);
        assert_eq!(after(time::Duration::ZERO, true), set_aside);
        assert!(matches!(after(time::Duration::HOUR * 23, false), Outcome::Retry { .. }));
        assert_eq!(outcome(Ok(()), 3, time::Duration::HOUR * 25, DAY), Outcome::Taken);
    }
}
