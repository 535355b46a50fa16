use std::time::{Duration, Instant};

use embedded::{Counts, Oldest};
use envelope::Provider;
use ports::{Claim, EventsQueue, Ledger, Outgoing};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::test_folder::TestFolder;
use crate::{bodies, clock, message, open, open_with, receive, receive_one, send};

const EMPTY: Counts = Counts { visible: 0, in_flight: 0, delayed: 0, dead: 0 };

#[tokio::test]
async fn messages_are_received_oldest_first_and_deleted_when_acknowledged() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let (events, reader) = (state.events(), state.reader());
    send(&events, ["a", "b", "c"]).await;
    assert_eq!(reader.counts().await.unwrap(), Counts { visible: 3, ..EMPTY });
    let received = receive(&events, 2).await;
    assert_eq!(bodies(&received), ["a", "b"]);
    assert!(received.iter().all(|message| message.receive_count == 1));
    let age = OffsetDateTime::now_utc() - received[0].sent;
    assert!(!age.is_negative() && age < Duration::from_secs(30));
    assert_eq!(reader.counts().await.unwrap(), Counts { visible: 1, in_flight: 2, ..EMPTY });
    for message in received {
        assert!(events.acknowledge(message.receipt).await.unwrap());
        assert!(!events.acknowledge(message.receipt).await.unwrap());
    }
    assert_eq!(bodies(&receive(&events, 10).await), ["c"]);
    assert!(receive(&events, 10).await.is_empty());
}

#[tokio::test]
async fn an_unacknowledged_message_is_visible_after_its_visibility_timeout() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let events = open_with(&folder, clock).events();
    send(&events, ["a"]).await;
    let first = receive_one(&events).await;
    pass(178);
    assert!(receive(&events, 10).await.is_empty());
    pass(3);
    let second = receive_one(&events).await;
    assert_eq!((second.body.as_str(), second.receive_count), ("a", 2));
    assert!(!events.acknowledge(first.receipt).await.unwrap(), "the receipt of an ended receive");
    assert!(!events.extend(first.receipt, Duration::ZERO).await.unwrap());
    assert!(events.acknowledge(second.receipt).await.unwrap());
    pass(1000);
    assert!(receive(&events, 10).await.is_empty());
}

#[tokio::test]
async fn a_receive_that_is_given_back_does_not_count() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let events = open_with(&folder, clock).events();
    send(&events, ["a"]).await;
    for _ in 0..20 {
        let received = receive_one(&events).await;
        assert_eq!(received.receive_count, 1);
        assert!(events.give_back(received.receipt, Duration::from_secs(10)).await.unwrap());
        assert!(receive(&events, 10).await.is_empty());
        pass(11);
    }
    let received = receive_one(&events).await;
    assert!(events.acknowledge(received.receipt).await.unwrap());
    assert!(!events.give_back(received.receipt, Duration::ZERO).await.unwrap());
}

#[tokio::test]
async fn a_check_of_the_queue_leaves_nothing_on_it() {
    let folder = TestFolder::new();
    let state = open(&folder);
    state.events().check_write().await.unwrap();
    assert_eq!(state.reader().counts().await.unwrap(), EMPTY);
    assert!(receive(&state.events(), 10).await.is_empty());
}

#[tokio::test]
async fn a_late_acknowledgement_is_valid_until_the_message_is_received_again() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let events = open_with(&folder, clock).events();
    send(&events, ["a"]).await;
    let received = receive_one(&events).await;
    pass(181);
    assert!(events.acknowledge(received.receipt).await.unwrap());
    assert!(receive(&events, 10).await.is_empty());
}

#[tokio::test]
async fn a_visibility_timeout_can_be_extended_and_ended() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let events = open_with(&folder, clock).events();
    send(&events, ["a"]).await;
    let received = receive_one(&events).await;
    pass(170);
    assert!(events.extend(received.receipt, Duration::from_secs(180)).await.unwrap());
    pass(170);
    assert!(receive(&events, 10).await.is_empty());
    assert!(events.extend(received.receipt, Duration::ZERO).await.unwrap());
    assert_eq!(receive_one(&events).await.receive_count, 2);
}

/// Whatever a message waited for may be over: nothing of it is known after a start.
#[tokio::test]
async fn a_delayed_message_is_due_at_once_after_a_restart() {
    let folder = TestFolder::new();
    let (clock, _) = clock!();
    let state = open_with(&folder, clock);
    let delayed = Outgoing { delay: Duration::from_secs(900), ..message("later") };
    state.events().send(vec![delayed, message("now")]).await.unwrap();
    assert_eq!(state.reader().counts().await.unwrap(), Counts { visible: 1, delayed: 1, ..EMPTY });
    assert_eq!(bodies(&receive(&state.events(), 10).await), ["now"]);
    drop(state);
    let events = open_with(&folder, clock).events();
    let mut received = receive(&events, 10).await;
    received.sort_by(|one, other| one.body.cmp(&other.body));
    assert_eq!(bodies(&received), ["later", "now"]);
}

#[tokio::test]
async fn the_delays_of_one_provider_can_be_ended() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let events = open_with(&folder, clock).events();
    let delay = Duration::from_secs(900);
    let of = |body, provider| Outgoing { delay, provider, ..message(body) };
    let messages = vec![of("a", Provider::DIGICERT), of("b", Provider::CLOUDFLARE)];
    events.send(messages).await.unwrap();
    events.make_due(Provider::CLOUDFLARE).await.unwrap();
    assert_eq!(bodies(&receive(&events, 10).await), ["b"]);
    pass(901);
    assert!(bodies(&receive(&events, 10).await).contains(&"a"));
}

/// The clock ran a day ahead when the messages were delayed or received, and then was set back. Nothing
/// waits longer than the longest delay, a claim included.
#[tokio::test]
async fn a_clock_that_was_set_back_holds_nothing_longer_than_fifteen_minutes() {
    const DAY: i64 = 24 * 3600;
    for restarts in [false, true] {
        let folder = TestFolder::new();
        let (clock, pass) = clock!();
        let mut state = open_with(&folder, clock);
        let delayed = Outgoing { delay: Duration::from_secs(60), ..message("delayed") };
        pass(DAY);
        state.events().send(vec![delayed, message("in flight")]).await.unwrap();
        assert_eq!(bodies(&receive(&state.events(), 10).await), ["in flight"]);
        let lease = clock() + time::Duration::minutes(3);
        let claim = state.ledger().claim("id", "one", lease).await.unwrap();
        assert_eq!(claim, Claim::Granted);
        pass(-DAY);
        if restarts {
            drop(state);
            state = open_with(&folder, clock);
        }
        let events = state.events();
        let is_near = async || {
            let due = events.next_visible_at().await.unwrap().unwrap();
            due - clock() <= time::Duration::minutes(15)
        };
        until(is_near).await;
        let claim = state.ledger().claim("id", "two", clock() + time::Duration::minutes(3)).await;
        assert_eq!(claim.unwrap(), Claim::Granted);
        pass(15 * 60 + 1);
        assert_eq!(receive(&events, 10).await.len(), 2);
        pass(-15 * 60 - 1);
    }
}

#[tokio::test]
async fn a_message_received_too_often_becomes_a_dead_letter() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let (events, reader) = (state.events(), state.reader());
    send(&events, ["poison"]).await;
    for count in 1..=5 {
        assert_eq!(receive_one(&events).await.receive_count, count);
        pass(181);
    }
    send(&events, ["good"]).await;
    assert_eq!(
        bodies(&receive(&events, 1).await),
        ["good"],
        "the dead letter takes no place in the batch"
    );
    assert_eq!(reader.counts().await.unwrap(), Counts { in_flight: 1, dead: 1, ..EMPTY });
    let dead = reader.dead_letters(0, 10).await.unwrap();
    assert_eq!((dead[0].body.as_str(), dead[0].receives), ("poison", 5));
    assert_eq!(dead[0].reason, "received 5 times and not acknowledged");
    assert!(reader.dead_letters(dead[0].id, 10).await.unwrap().is_empty());
    pass(15 * 24 * 3600);
    until(async || reader.counts().await.unwrap().dead == 0).await;
}

#[tokio::test]
async fn a_restart_does_not_count_as_a_receive() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    send(&open_with(&folder, clock).events(), ["a"]).await;
    for _ in 0..12 {
        let state = open_with(&folder, clock);
        pass(901);
        assert_eq!(receive_one(&state.events()).await.receive_count, 1);
    }
    drop(open_with(&folder, clock));
    pass(901);
    let state = open_with(&folder, clock);
    assert_eq!(state.reader().counts().await.unwrap(), Counts { visible: 1, ..EMPTY });
}

/// The process crashes whenever it has received `poison`, whatever else it has received.
#[tokio::test]
async fn only_a_message_that_crashes_the_process_each_time_becomes_a_dead_letter() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let good: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let others = good.iter().map(String::as_str);
    send(&open_with(&folder, clock).events(), others.chain(["poison"])).await;
    let (mut done, mut crashes) = (0, 0);
    let began = clock();
    let dead = loop {
        let state = open_with(&folder, clock);
        let events = state.events();
        let Some(due) = events.next_visible_at().await.unwrap() else {
            break state.reader().dead_letters(0, 100).await.unwrap();
        };
        pass((due - clock()).whole_seconds().max(0) + 1);
        let received = receive(&events, 64).await;
        if received.iter().any(|message| message.body == "poison") {
            crashes += 1;
            continue;
        }
        for message in received {
            assert!(events.acknowledge(message.receipt).await.unwrap());
            done += 1;
        }
    };
    assert_eq!(done, good.len());
    assert_eq!(dead.iter().map(|letter| letter.body.as_str()).collect::<Vec<_>>(), ["poison"]);
    assert!((10..30).contains(&crashes), "{crashes} crashes");
    let took = (clock() - began).whole_minutes();
    assert!((10..90).contains(&took), "about half an hour, not {took} minutes");
}

#[tokio::test]
async fn a_message_that_expires_is_never_received_late_and_never_a_dead_letter() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let (events, reader) = (state.events(), state.reader());
    let expires = Some(clock() + Duration::from_secs(1800));
    events.send(vec![Outgoing { expires, ..message("token") }]).await.unwrap();
    for count in 1..=9 {
        assert_eq!(receive_one(&events).await.receive_count, count);
        pass(181);
    }
    pass(1800 - 9 * 181 + 1);
    assert!(receive(&events, 10).await.is_empty());
    assert_eq!(reader.counts().await.unwrap(), EMPTY);
}

#[tokio::test]
async fn waiting_ends_when_a_message_is_sent_or_due() {
    let folder = TestFolder::new();
    let events = open(&folder).events();
    assert_eq!(events.next_visible_at().await.unwrap(), None);
    let waiting = tokio::spawn({
        let events = events.clone();
        async move { events.wait_for_message().await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    let began = Instant::now();
    send(&events, ["a"]).await;
    waiting.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "the wait ended before the next poll");

    receive_one(&events).await;
    let delay = Duration::from_millis(300);
    events.send(vec![Outgoing { delay, ..message("b") }]).await.unwrap();
    let began = Instant::now();
    events.wait_for_message().await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(250));
    assert_eq!(bodies(&receive(&events, 10).await), ["b"]);
}

/// Polls until something has happened in the background.
pub(crate) async fn until(done: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen within 10 s");
}

#[tokio::test]
async fn the_oldest_message_is_known_by_receipt_and_by_visibility() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let (events, reader) = (state.events(), state.reader());
    let none = Oldest { received: None, visible: None };
    assert_eq!(reader.oldest().await.unwrap(), none);

    let first = datetime!(2026-01-02 03:04:05.5 UTC);
    let received = |at, delay| Outgoing { received: Some(at), delay, ..message("body") };
    events.send(vec![received(first, Duration::from_secs(900))]).await.unwrap();
    let oldest = reader.oldest().await.unwrap();
    assert_eq!(oldest.received, Some(first));
    assert_eq!(oldest.visible, None, "no worker can receive it yet");

    send(&events, ["no envelope"]).await;
    events.send(vec![received(datetime!(2026-01-03 0:00 UTC), Duration::ZERO)]).await.unwrap();
    let sent = clock();
    pass(60);
    let oldest = reader.oldest().await.unwrap();
    assert_eq!(oldest.received, Some(first));
    let late = (oldest.visible.unwrap() - sent).abs();
    assert!(late < Duration::from_secs(5), "{late}");
    receive(&events, 10).await;
    assert_eq!(reader.oldest().await.unwrap().visible, None, "a worker has them");

    // Whatever was put on the queue before, the oldest one may be the last, as one that was requeued is.
    events.send(vec![received(first - Duration::from_secs(60), Duration::ZERO)]).await.unwrap();
    let oldest = reader.oldest().await.unwrap().received;
    assert_eq!(oldest, Some(first - Duration::from_secs(60)));
}
