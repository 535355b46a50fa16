//! Two at once: a model checker over the real worker. Everything that two workers, the queue, the ledger
//! and the deliveries queue can do in any order, with lost answers, refusals, crashes and leases that end.
//!
//! - [`calls`]: the ports; each call of the worker waits for its answer
//! - [`machine`]: the real worker as a state machine
//! - [`world`]: the state of everything else
//! - [`steps`]: what may happen next, and what it leads to
//! - [`explore`]: every state once, and the promises that hold in each
//!
//! A crate for this (stateright) would bring a web server and a second random number generator into the
//! tree, for the fifty lines of [`explore`].

mod calls;
mod explore;
mod machine;
mod steps;
mod world;

use ::time::Duration;
use serde_json::json;

use crate::bench::{envelope, issued, observed};
use crate::protocol::explore::{Bounds, Explored, Explorer, Violation};
use crate::protocol::machine::Machine;
use crate::protocol::steps::Flaw;

/// Asked about at the provider.
const ISSUED: usize = 0;
/// Delivered without a call-back.
const VALIDATED: usize = 1;
/// Three certificates, each an event of its own.
const OBSERVED: usize = 2;
/// The same three once more, told by another event.
const OBSERVED_TOO: usize = 3;

fn machine() -> Machine {
    let data = json!({"domain_id": 7});
    let validated =
        envelope("validated", Duration::ZERO, &json!({"event": "domain_validated", "data": data}));
    let issued = issued("issued", Duration::ZERO);
    Machine::new(vec![issued, validated, observed("observed"), observed("observed-too")])
}

/// `make torture` goes deeper with `PROTOCOL_FAULTS`.
fn faults(usual: u8) -> u8 {
    let more = std::env::var("PROTOCOL_FAULTS").ok();
    more.map_or(usual, |more| more.parse().unwrap())
}

#[track_caller]
fn holds(name: &str, bounds: Bounds<'_>) -> Explored {
    let explored = Explorer::new(&machine(), bounds, None).explore();
    let explored = explored.unwrap_or_else(|violation| panic!("{name}: {violation:#?}"));
    println!("{name} ({bounds:?}): {explored}");
    // The queue's five receives are for more than these.
    assert!(bounds.faults > 2 || explored.dead_letters == 0, "{name}: {explored}");
    explored
}

/// The same message to two workers, an outage of the provider on the way, and a fault anywhere. Two
/// faults are 5 million states and hold too.
#[test]
fn two_copies_and_two_workers() {
    let explored = holds(
        "two copies",
        Bounds { queue: &[ISSUED, ISSUED], workers: 2, faults: faults(1), outages: 1 },
    );
    assert!(explored.repeats > 0, "not even a crash after publish was explored: {explored}");
}

#[test]
fn two_events_do_not_disturb_each_other() {
    holds(
        "two events",
        Bounds { queue: &[ISSUED, VALIDATED], workers: 2, faults: faults(1), outages: 1 },
    );
}

/// Two events tell of the same certificates, each of which is delivered once.
#[test]
fn two_events_of_the_same_certificates() {
    holds(
        "same certificates",
        Bounds { queue: &[OBSERVED, OBSERVED_TOO], workers: 2, faults: faults(1), outages: 0 },
    );
}

#[test]
fn without_a_fault_each_event_is_delivered_exactly_once() {
    let explored = holds(
        "no fault",
        Bounds { queue: &[ISSUED, ISSUED, VALIDATED], workers: 3, faults: 0, outages: 1 },
    );
    assert_eq!((explored.repeats, explored.dead_letters), (0, 0), "{explored}");
}

/// The checker can fail: each of these is found.
#[test]
fn what_is_wrong_is_found() {
    for (flaw, faults, expected) in [
        (Flaw::AcknowledgedAtReceive, 1, "lost"),
        (Flaw::ClaimedIsRecorded, 1, "acknowledged and not delivered"),
        (Flaw::EveryClaimGranted, 0, "repeated"),
        (Flaw::LeaseOfAMinute, 0, "repeated"),
        (Flaw::NoTimeLimit, 0, "repeated"),
    ] {
        let bounds = Bounds { queue: &[VALIDATED, VALIDATED], workers: 2, faults, outages: 0 };
        let Err(Violation { what, way }) = Explorer::new(&machine(), bounds, Some(flaw)).explore()
        else {
            panic!("{flaw:?} was not found");
        };
        println!("{flaw:?}: {what}, by {way:?}");
        assert!(what.starts_with(expected), "{flaw:?}: {what}, by {way:?}");
    }
}
