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

use crate::bench::{envelope, issued, observed, revoked};
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
/// Of the certificate of [`ISSUED`], and later in its life.
const REVOKED: usize = 4;

fn machine() -> Machine {
    let data = json!({"domain_id": 7});
    let validated =
        envelope("validated", Duration::ZERO, &json!({"event": "domain_validated", "data": data}));
    let issued = issued("issued", Duration::ZERO);
    let observed = [observed("observed"), observed("observed-too")];
    Machine::new(
        [issued, validated].into_iter().chain(observed).chain([revoked("revoked")]).collect(),
    )
}

/// A crash, a lost answer or a refusal at every step, and an outage of the provider before each
/// call-back; the same message twice.
const COPIES: Bounds<'_> = Bounds { queue: &[ISSUED, ISSUED], workers: 2, faults: 1, outages: 1 };
const EVENTS: Bounds<'_> = Bounds { queue: &[ISSUED, VALIDATED], ..COPIES };
/// Two events tell of the same certificates, each of which is delivered once.
const CERTIFICATES: Bounds<'_> = Bounds { queue: &[OBSERVED, OBSERVED_TOO], outages: 0, ..COPIES };

/// The end of a certificate's life overtakes its beginning, or does not.
const LIFE: Bounds<'_> = Bounds { queue: &[ISSUED, REVOKED], outages: 0, ..COPIES };

#[track_caller]
fn holds(name: &str, bounds: Bounds<'_>) -> Explored {
    let explored = Explorer::new(&machine(), bounds, None).explore();
    let explored = explored.unwrap_or_else(|violation| panic!("{name}: {violation:#?}"));
    println!("{name} ({bounds:?}): {explored}");
    // The queue's five receives are for more than these.
    assert!(bounds.faults > 2 || explored.dead_letters == 0, "{name}: {explored}");
    explored
}

#[test]
fn two_copies_and_two_workers() {
    let explored = holds("two copies", Bounds { faults: 2, ..COPIES });
    assert!(explored.repeats > 0, "not even a crash after publish was explored: {explored}");
}

#[test]
fn two_events_do_not_disturb_each_other() {
    holds("two events", EVENTS);
}

#[test]
fn two_events_of_the_same_certificates() {
    holds("same certificates", CERTIFICATES);
}

#[test]
fn the_state_of_a_certificate_never_moves_back() {
    holds("one life", LIFE);
}

/// The same with more faults, and a row for the table of `make chaos` in the file that `MODEL_CHECK_ROWS`
/// names: states are its events, and what was tried from them its faults.
#[test]
#[ignore = "takes minutes: make explore"]
fn at_length() {
    let faults = std::env::var("MODEL_CHECK_FAULTS").map_or(2, |faults| faults.parse().unwrap());
    let scenarios = [
        ("two copies", COPIES),
        ("two events", EVENTS),
        ("same certificates", CERTIFICATES),
        ("one life", LIFE),
    ];
    let rows = scenarios.map(|(name, bounds)| {
        let explored = holds(name, Bounds { faults, ..bounds });
        json!({
            "scenario": format!("every order of things: {name} (states for events)"),
            "faults": explored.faults,
            "kills": explored.crashes,
            "events": explored.states,
            "repeated": explored.repeats,
            "seconds": explored.seconds as u64,
            "measured": {"explored": explored.to_string(), "faults in one way at most": faults},
        })
    });
    if let Some(file) = std::env::var_os("MODEL_CHECK_ROWS") {
        std::fs::write(file, json!(rows).to_string()).unwrap();
    }
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
    const COPIES: &[usize] = &[VALIDATED, VALIDATED];
    const LIFE: &[usize] = &[ISSUED, REVOKED];
    for (flaw, queue, faults, expected) in [
        (Flaw::AcknowledgedAtReceive, COPIES, 1, "lost"),
        (Flaw::ClaimedIsRecorded, COPIES, 1, "acknowledged and not delivered"),
        (Flaw::EveryClaimGranted, COPIES, 0, "repeated"),
        (Flaw::LeaseOfAMinute, COPIES, 0, "repeated"),
        (Flaw::NeverStale, LIFE, 0, "marked otherwise"),
        (Flaw::NoTimeLimit, COPIES, 0, "repeated"),
        (Flaw::StateMovesBack, LIFE, 0, "the state of a certificate is behind"),
    ] {
        let bounds = Bounds { queue, workers: 2, faults, outages: 0 };
        let Err(Violation { what, way }) = Explorer::new(&machine(), bounds, Some(flaw)).explore()
        else {
            panic!("{flaw:?} was not found");
        };
        println!("{flaw:?}: {what}, by {way:?}");
        assert!(what.starts_with(expected), "{flaw:?}: {what}, by {way:?}");
    }
}
