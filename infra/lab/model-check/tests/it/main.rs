//! The scenarios with one or two faults; `make model-check` allows more. Also the flaws that the search
//! has to find.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use model_check::{
    Bounds, CONFLICT, COPIES, FAILED, FAILED_AGAIN, FAILED_REPEATS, Flaw, ISSUED, LIFECYCLE,
    REPEATS, REVOKED, SAME_CERTIFICATES, Search, Statistics, TWO_EVENTS, VALIDATED, Violation,
    machine,
};

#[track_caller]
fn assert_holds(name: &str, bounds: Bounds<'_>) -> Statistics {
    let searched = Search::new(&machine(), bounds, None).run();
    let statistics = searched.unwrap_or_else(|violation| panic!("{name}: {violation:#?}"));
    println!("{name} ({bounds:?}): {statistics}");
    // Up to two faults never use up the five receives of a message.
    assert_eq!(statistics.dead_letters, 0, "{name}: {statistics}");
    statistics
}

#[test]
fn two_copies_and_two_workers() {
    let statistics = assert_holds("two copies", Bounds { faults: 2, ..COPIES });
    assert!(statistics.repeats > 0, "not even a crash after publish was explored: {statistics}");
}

#[test]
fn two_events_do_not_disturb_each_other() {
    assert_holds("two events", TWO_EVENTS);
}

#[test]
fn two_events_of_the_same_certificates() {
    assert_holds("same certificates", SAME_CERTIFICATES);
}

#[test]
fn the_state_of_a_certificate_never_moves_back() {
    assert_holds("one lifecycle", LIFECYCLE);
}

#[test]
fn a_repeat_and_a_reconciled_copy_are_one_event() {
    assert_holds("repeats", REPEATS);
}

#[test]
fn a_repeat_of_a_failed_event_is_an_event_of_its_own() {
    assert_holds("failed repeats", FAILED_REPEATS);
}

#[test]
fn two_certificates_under_one_id_are_two_events() {
    assert_holds("conflict", CONFLICT);
}

#[test]
fn without_a_fault_each_event_is_delivered_exactly_once() {
    let statistics = assert_holds(
        "no fault",
        Bounds { queue: &[ISSUED, ISSUED, VALIDATED], workers: 3, faults: 0, outages: 1, ids: 2 },
    );
    assert_eq!((statistics.repeats, statistics.dead_letters), (0, 0), "{statistics}");
}

/// The search can fail: it finds each of these flaws.
#[test]
fn planted_flaws_are_found() {
    const COPIES: &[usize] = &[VALIDATED, VALIDATED];
    const LIFECYCLE: &[usize] = &[ISSUED, REVOKED];
    const REPEATS: &[usize] = &[FAILED, FAILED_AGAIN, FAILED_AGAIN];
    for (flaw, queue, faults, expected) in [
        (Flaw::AcknowledgedAtReceive, COPIES, 1, "lost"),
        (Flaw::ClaimedIsRecorded, COPIES, 1, "acknowledged and not delivered"),
        (Flaw::ComparedByData, REPEATS, 0, "swallowed"),
        (Flaw::CountedIds, REPEATS, 0, "delivered again under another id"),
        (Flaw::EveryClaimGranted, COPIES, 0, "repeated"),
        (Flaw::LeaseOfAMinute, COPIES, 0, "repeated"),
        (Flaw::NeverStale, LIFECYCLE, 0, "marked otherwise"),
        (Flaw::NoTimeLimit, COPIES, 0, "repeated"),
        (Flaw::StateMovesBack, LIFECYCLE, 0, "the state of a certificate is behind"),
    ] {
        let ids = if queue == COPIES { 1 } else { 2 };
        let bounds = Bounds { queue, workers: 2, faults, outages: 0, ids };
        let searched = Search::new(&machine(), bounds, Some(flaw)).run();
        let Err(Violation { broken_promise, trace }) = searched else {
            panic!("{flaw:?} was not found");
        };
        println!("{flaw:?}: {broken_promise}, by {trace:?}");
        assert!(broken_promise.starts_with(expected), "{flaw:?}: {broken_promise}, by {trace:?}");
    }
}
