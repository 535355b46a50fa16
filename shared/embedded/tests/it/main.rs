//! The promises of the ports, on real folders.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests may"
)]

mod archive;
mod backup;
mod challenges;
mod consumers;
mod deliveries;
mod erasure;
mod events;
mod groups;
mod history;
mod join;
mod ledger;
mod load;
mod rotation;
mod secrets;
mod state;
mod test_folder;

use std::sync::Arc;
use std::time::Duration;

use embedded::{LocalEvents, Options, Received, State};
use envelope::Provider;
use ports::{Clock, EventsQueue, Outgoing};
use test_folder::TestFolder;

/// A clock, and a function that advances it by a number of seconds. Each use has a clock of its
/// own, since the one in [`Options`] is a plain function.
macro_rules! clock {
    () => {{
        use std::sync::atomic::{AtomicI64, Ordering};
        static AHEAD: AtomicI64 = AtomicI64::new(0);
        fn now() -> time::OffsetDateTime {
            time::OffsetDateTime::now_utc() + time::Duration::seconds(AHEAD.load(Ordering::SeqCst))
        }
        fn pass(seconds: i64) {
            AHEAD.fetch_add(seconds, Ordering::SeqCst);
        }
        (now as fn() -> time::OffsetDateTime, pass as fn(i64))
    }};
}
pub(crate) use clock;

fn open(folder: &TestFolder) -> State {
    State::open(folder.path(), Options::default()).unwrap()
}

struct TestClock(fn() -> time::OffsetDateTime);

impl Clock for TestClock {
    fn now(&self) -> time::OffsetDateTime {
        (self.0)()
    }
}

fn open_with(folder: &TestFolder, clock: fn() -> time::OffsetDateTime) -> State {
    let clock = Arc::new(TestClock(clock));
    let options =
        Options { clock, expiry_interval: Duration::from_millis(20), ..Options::default() };
    State::open(folder.path(), options).unwrap()
}

fn message(body: &str) -> Outgoing {
    Outgoing {
        provider: Provider::DIGICERT,
        kind: "com.digicert.certcentral.certificate_issued".to_owned(),
        group: format!("digicert/{body}"),
        body: body.to_owned(),
        received: None,
        delay: Duration::ZERO,
        expires: None,
    }
}

async fn send(events: &LocalEvents, bodies: impl IntoIterator<Item = &str>) {
    events.send(bodies.into_iter().map(message).collect()).await.unwrap();
}

async fn receive(events: &LocalEvents, max_messages: usize) -> Vec<Received> {
    events.receive(max_messages).await.unwrap()
}

async fn receive_one(events: &LocalEvents) -> Received {
    let mut received = receive(events, 1).await;
    assert_eq!(received.len(), 1);
    received.remove(0)
}

fn bodies(received: &[Received]) -> Vec<&str> {
    received.iter().map(|received| received.body.as_str()).collect()
}
