//! CertCentral is down, limits the rate, or refuses the key for six hours of simulated time, while
//! events arrive. The worker and the simulator are real; the queue is a fake with dead letters.
//!
//! - [`clock`]: time that a test advances
//! - [`queue`]: SQS in simulated time
//! - [`day`]: advances time from one event to the next, and collects what happened

pub(crate) mod clock;
mod day;
mod queue;

use std::time::Duration;

use envelope::Outcome;
use simulator::{Fault, Rule};

use self::day::{CONCURRENCY, Day, SHARES};

const MINUTE: Duration = Duration::from_secs(60);
const BEGINS: Duration = Duration::from_secs(3600);
const ENDS: Duration = Duration::from_secs(7 * 3600);
const LAST: Duration = Duration::from_secs(9 * 3600);

/// Eight hours of events around an outage: one of each provider every four minutes, and a hundred at
/// once soon after it began.
async fn day() -> Day {
    let mut day = Day::start().await;
    for minute in (0..8 * 60).step_by(4) {
        let burst = if minute * MINUTE == BEGINS + 4 * MINUTE { 100 } else { 0 };
        (0..=burst).for_each(|_| day.schedule(minute * MINUTE));
    }
    day
}

fn within(day: &Day, prefix: &str, from: Duration, to: Duration) -> Vec<Duration> {
    let of = day.delivered.iter().filter(|(_, event)| event.id.starts_with(prefix));
    let waits = of.map(|(at, event)| (day.arrived[&event.id], *at));
    waits.filter(|(came, _)| (from..to).contains(came)).map(|(came, at)| at - came).collect()
}

/// Asserts what holds in each outage: no event is lost, dead-lettered or delivered twice; every attempt
/// in an event was a call; the budget is never exceeded; the other provider's events are not held; and
/// new events pass while the backlog drains.
fn assert_held_and_drained(day: &Day, back_within: Duration) {
    assert_eq!(day.queue.left(), (0, 0), "messages left, dead letters");
    let mut ids: Vec<_> = day.delivered.iter().map(|(_, event)| event.id.clone()).collect();
    ids.sort_unstable();
    assert!(ids.iter().eq(day.arrived.keys()), "each delivered once: {} of them", ids.len());
    assert_eq!(day.fake.state().archive.len(), ids.len());
    let callbacks = || day.delivered.iter().map(|(_, event)| &event.data.callback);
    let good = |outcome| matches!(outcome, Outcome::Downloaded | Outcome::Queried);
    assert!(callbacks().all(|callback| good(callback.outcome)));

    let digicert = day.delivered.iter().filter(|(_, event)| event.id.starts_with("digicert"));
    let attempts: u32 = digicert.map(|(_, event)| event.data.callback.attempts).sum();
    assert_eq!(attempts as usize, day.calls.len(), "attempts are calls");

    assert_within_budget(day);

    let others = within(day, "cloudflare", Duration::ZERO, LAST);
    assert!(others.iter().all(|wait| wait.is_zero()), "others wait: {:?}", others.iter().max());

    let digicert = day.delivered.iter().filter(|(_, event)| event.id.starts_with("digicert"));
    let first = digicert.map(|(at, _)| *at).find(|at| *at >= ENDS).unwrap();
    assert!(first - ENDS <= back_within, "back after {:?}", first - ENDS);
    let new = within(day, "digicert", first + MINUTE, LAST);
    let longest = new.iter().max().unwrap();
    assert!(*longest <= Duration::from_secs(5), "new events wait {longest:?} during the drain");
    let drained = day.delivered.iter().filter(|(_, event)| day.arrived[&event.id] < ENDS);
    let drained = drained.map(|(at, _)| *at).max().unwrap() - ENDS;
    assert!(drained <= 40 * MINUTE, "drained after {drained:?}");
}

fn assert_within_budget(day: &Day) {
    for (share, period) in SHARES {
        for (index, call) in day.calls.iter().enumerate().skip(share) {
            let before = day.calls[index - share];
            assert!(*call - before >= period, "{share} in {:?} at {call:?}", *call - before);
        }
    }
}

fn calls(day: &Day, from: Duration, to: Duration) -> usize {
    day.calls.iter().filter(|at| (from..to).contains(*at)).count()
}

/// Runs a day with these faults, each for a number of calls or until the outage ends.
async fn outage(faults: impl IntoIterator<Item = (Fault, Option<u32>)>) -> Day {
    let mut day = day().await;
    day.run_until(BEGINS).await;
    for (fault, times) in faults {
        day.simulator.faults().add(Rule { times, ..Rule::new("/services/v2", fault) });
    }
    day.run_until(ENDS).await;
    day.simulator.faults().clear();
    day.run_until(LAST).await;
    day
}

/// The calls are a streak and the events in progress until the breaker opens, then a probe after 5, 10,
/// 20, 40, 80 and 160 seconds, and every five minutes.
#[tokio::test]
async fn a_provider_down_for_six_hours_is_probed_and_its_backlog_drains() {
    let status = |status| Fault::ServerError { status: Some(status) };
    let faults = [(status(502), Some(9)), (Fault::Reset, Some(30)), (status(503), None)];
    let day = outage(faults).await;
    let probes = 6 + 6 * 12;
    let made = calls(&day, BEGINS, ENDS);
    assert!(made <= 16 + CONCURRENCY + probes, "{made} calls in six hours");
    assert_held_and_drained(&day, 10 * MINUTE);
}

#[tokio::test]
async fn a_rate_limit_of_six_hours_is_respected_as_long_as_retry_after_says() {
    for (retry_after, probes) in [(None, 6 + 6 * 12), (Some(1800), 6 * 2)] {
        let day = outage([(Fault::RateLimited { retry_after, status: None }, None)]).await;
        let made = calls(&day, BEGINS, ENDS);
        assert!(made <= 16 + CONCURRENCY + probes, "{made} calls in six hours");
        let pause = Duration::from_secs(retry_after.unwrap_or(300));
        assert_held_and_drained(&day, pause + 5 * MINUTE);
    }
}

/// A new key is noticed when the secret is read again, every five minutes, although probes are rarer.
#[tokio::test]
async fn a_refused_key_is_rarely_tried_and_a_new_one_is_noticed() {
    let mut day = day().await;
    day.run_until(BEGINS).await;
    *day.digicert_key.0.lock().unwrap() = Some("revoked");
    day.run_until(ENDS).await;
    *day.digicert_key.0.lock().unwrap() = Some("right");
    day.run_until(LAST).await;
    // The good key is cached for five minutes, and CertCentral accepts it until then.
    let made = calls(&day, BEGINS + 5 * MINUTE, ENDS);
    assert!(made <= 4 + CONCURRENCY + 6 * 4, "{made} calls in six hours");
    assert_held_and_drained(&day, 5 * MINUTE);
}

/// A CA revokes every certificate at once. Whatever comes more than half a minute later does not wait for
/// that, and that takes at most 1.2 times as long as the budget alone needs for all calls.
#[tokio::test]
async fn new_events_pass_a_flood_of_first_attempts() {
    const FLOOD: u32 = 400;
    const AFTER: Duration = Duration::from_secs(31);
    let mut day = Day::start().await;
    (0..FLOOD).for_each(|_| day.schedule(Duration::ZERO));
    (4..60).for_each(|tenth| day.schedule(Duration::from_secs(tenth * 10)));
    day.run_until(BEGINS).await;
    assert_eq!(day.queue.left(), (0, 0), "messages left, dead letters");
    assert_within_budget(&day);
    let new = within(&day, "digicert", AFTER, BEGINS);
    let longest = new.iter().max().unwrap();
    assert!(*longest <= Duration::from_secs(30), "new events wait {longest:?}");
    let flood = within(&day, "digicert", Duration::ZERO, AFTER);
    assert_eq!(flood.len(), FLOOD as usize);
    let last = *flood.iter().max().unwrap();
    let (share, period) = SHARES[1];
    let needed = period * u32::try_from(calls(&day, Duration::ZERO, last)).unwrap() / share as u32;
    assert!(last <= needed.mul_f64(1.2), "the flood took {last:?}, and its calls need {needed:?}");
}
