use std::collections::VecDeque;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// A provider's rate limits as rolling windows, such as `100/5s,1000/3m`; `none` for no limit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Budget(Vec<(u32, Duration)>);

impl Budget {
    pub const NONE: Self = Self(Vec::new());

    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The calls that all workers together may make in a day, see [`Meter`]; `None` for no limit.
    pub fn workers_per_day(&self) -> Option<u64> {
        let a_day = |(count, period): &(u32, Duration)| {
            u64::from(four_fifths(*count)) * 86_400 / period.as_secs()
        };
        self.0.iter().map(a_day).min()
    }
}

impl FromStr for Budget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "expected COUNT/TIME with TIME in s, m or h, such as `100/5s,1000/3m`, or `none`";
        if text.trim() == "none" {
            return Ok(Self::NONE);
        }
        text.split(',')
            .map(|window| window_of(window.trim()).ok_or(FORM))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn window_of(text: &str) -> Option<(u32, Duration)> {
    let (count, time) = text.split_once('/')?;
    let count = count.parse().ok().filter(|count| *count > 0)?;
    let unit = time.chars().next_back()?;
    let number: u32 = time.strip_suffix(unit)?.parse().ok().filter(|number| *number > 0)?;
    let seconds = match unit {
        's' => number,
        'm' => number.checked_mul(60)?,
        'h' => number.checked_mul(3600)?,
        _ => return None,
    };
    Some((count, Duration::from_secs(seconds.into())))
}

/// What a call is for, which decides how much of the share it may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// The first call of an event that has just arrived.
    New,
    /// The first call of an event that has waited for its turn.
    Waiting,
    /// A retry, or a further call of the same event.
    Further,
}

/// Meters this worker's share of a budget.
///
/// The share is the budget divided by the number of workers, less a fifth for the reconciler and the
/// operator. A fifth of the rest is reserved for first attempts, so that a backlog of retries does not
/// starve new events, and half of that for events that have just arrived, so that many first attempts at
/// once do not either (infra/docs/architecture.md, "What the worker promises"). Windows are exact:
/// CertCentral counts rolling windows ("Rate limits",
/// <https://dev.digicert.com/en/certcentral-apis/services-api/rate-limits.html>, read 2026-11-22),
/// and a leaky bucket would allow twice the count in one.
pub(crate) struct Meter(Vec<Window>);

/// How much longer one request may travel than a later one, for example because of the handshake of
/// its connection. The provider counts a request when it arrives, and we count it when it leaves.
const TRAVEL_MARGIN: Duration = Duration::from_millis(100);

struct Window {
    share: usize,
    share_of_waiting: usize,
    share_of_further: usize,
    period: Duration,
    taken: VecDeque<Instant>,
}

/// What is left of a count for those who leave a fifth to others.
fn four_fifths(count: u32) -> u32 {
    (u64::from(count) * 4 / 5).max(1).try_into().unwrap_or(count)
}

impl Meter {
    pub(crate) fn new(budget: &Budget, workers: u32) -> Self {
        Self::of(budget, |count| {
            let share = four_fifths(count / workers.max(1));
            (share, four_fifths(share))
        })
    }

    /// Meters the fifth that the workers leave.
    pub(crate) fn beside_workers(budget: &Budget) -> Self {
        let fifth = |count: u32| (count / 5).max(1);
        Self::of(budget, |count| (fifth(count), fifth(count)))
    }

    /// `shares` returns the share of all calls in a window's count, and the share of those that are no
    /// first ones.
    fn of(budget: &Budget, shares: impl Fn(u32) -> (u32, u32)) -> Self {
        let window = |&(count, period): &(u32, Duration)| {
            let (share, share_of_further) = shares(count);
            Window {
                share: share as usize,
                share_of_waiting: u32::midpoint(share, share_of_further) as usize,
                share_of_further: share_of_further as usize,
                period: period + TRAVEL_MARGIN,
                taken: VecDeque::new(),
            }
        };
        Self(budget.0.iter().map(window).collect())
    }

    /// Takes one request from every window.
    ///
    /// # Errors
    /// The time to wait, when a window has no room; then nothing is taken.
    pub(crate) fn take(&mut self, now: Instant, turn: Turn) -> Result<(), Duration> {
        let wait = self.0.iter_mut().filter_map(|window| window.wait(now, turn)).max();
        match wait {
            Some(wait) => Err(wait),
            None => {
                self.0.iter_mut().for_each(|window| window.taken.push_back(now));
                Ok(())
            }
        }
    }
}

impl Window {
    fn wait(&mut self, now: Instant, turn: Turn) -> Option<Duration> {
        let is_past = |taken: &Instant| now.saturating_duration_since(*taken) >= self.period;
        while self.taken.front().is_some_and(is_past) {
            self.taken.pop_front();
        }
        let limit = match turn {
            Turn::New => self.share,
            Turn::Waiting => self.share_of_waiting,
            Turn::Further => self.share_of_further,
        };
        let over = self.taken.len().checked_sub(limit)?;
        let frees = self.taken.get(over)?;
        Some(self.period.saturating_sub(now.saturating_duration_since(*frees)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Duration, Instant, Meter, TRAVEL_MARGIN, Turn};

    #[test]
    fn parsing() {
        let seconds = Duration::from_secs;
        for (text, windows) in [
            ("none", Some(vec![])),
            ("100/5s,1000/3m", Some(vec![(100, seconds(5)), (1000, seconds(180))])),
            ("200/1h", Some(vec![(200, seconds(3600))])),
            ("", None),
            ("0/5s", None),
            ("100/0s", None),
            ("100/5", None),
            ("100/5d", None),
            ("-1/5s", None),
            ("100/5s,", None),
            ("1/4294967295h", None),
            ("1/5é", None),
        ] {
            assert_eq!(text.parse::<Budget>().ok().map(|budget| budget.0), windows, "{text}");
        }
    }

    #[test]
    fn the_tightest_window_decides_how_much_a_day_has_room_for() {
        let a_day = |text: &str| text.parse::<Budget>().unwrap().workers_per_day();
        assert_eq!(a_day("100/1h"), Some(1_920));
        assert_eq!(a_day("100/5s,1000/3m"), Some(384_000));
        assert_eq!(a_day("1/1h"), Some(24));
        assert_eq!(a_day("4294967295/1s"), Some(3_435_973_836 * 86_400));
        assert_eq!(a_day("none"), None);
    }

    /// No window of the period exceeds the share. Retries leave a fifth of it to first attempts, and what has
    /// waited leaves half of that to what has just arrived.
    #[test]
    fn windows_roll_and_reserve_room_for_first_attempts_and_for_new_events() {
        let mut meter = Meter::new(&"100/5s".parse().unwrap(), 2);
        let start = Instant::now();
        let taken = [Turn::Further, Turn::Waiting, Turn::New]
            .map(|turn| (0..100).filter(|_| meter.take(start, turn).is_ok()).count());
        assert_eq!(taken, [32, 4, 4]);

        let almost = start + Duration::from_millis(4900);
        assert_eq!(meter.take(almost, Turn::New), Err(Duration::from_millis(100) + TRAVEL_MARGIN));
        assert_eq!(meter.take(start + Duration::from_secs(5) + TRAVEL_MARGIN, Turn::New), Ok(()));
    }

    /// However small the share is, nothing waits for ever.
    #[test]
    fn the_smallest_share_has_room_for_each() {
        for turn in [Turn::New, Turn::Waiting, Turn::Further] {
            assert!(Meter::new(&"1/5s".parse().unwrap(), 9).take(Instant::now(), turn).is_ok());
        }
    }

    #[test]
    fn the_workers_leave_a_fifth() {
        let mut meter = Meter::beside_workers(&"100/5s,1000/3m".parse().unwrap());
        let now = Instant::now();
        assert_eq!((0..100).filter(|_| meter.take(now, Turn::Further).is_ok()).count(), 20);
        assert!(Meter::beside_workers(&"1/5s".parse().unwrap()).take(now, Turn::Further).is_ok());
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut meter = Meter::new(&Budget::NONE, 1);
        assert!((0..10_000).all(|_| meter.take(Instant::now(), Turn::Further).is_ok()));
    }
}
