use std::time::{Duration, Instant};

use envelope::Provider;
use ports::{EventsQueue, Outgoing};

use crate::test_folder::TestFolder;
use crate::{bodies, clock, message, open, open_with, receive, send};

fn of_group(group: &str, body: &str) -> Outgoing {
    Outgoing { group: group.to_owned(), ..message(body) }
}

#[tokio::test]
async fn groups_alternate() {
    let folder = TestFolder::new();
    let events = open(&folder).events();
    let crowd = ["a1", "a2", "a3", "a4", "a5"].map(|body| of_group("a", body));
    events.send(crowd.to_vec()).await.unwrap();
    events.send(vec![of_group("b", "b1"), of_group("b", "b2"), of_group("c", "c1")]).await.unwrap();
    assert_eq!(bodies(&receive(&events, 5).await), ["a1", "b1", "c1", "a2", "b2"]);
    events.send(vec![of_group("d", "d1")]).await.unwrap();
    assert_eq!(bodies(&receive(&events, 3).await), ["a3", "d1", "a4"]);
}

#[tokio::test]
async fn delayed_messages_alternate_once_they_are_due() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let events = open_with(&folder, clock).events();
    let delay = Duration::from_secs(60);
    let crowd = ["a1", "a2", "a3"].map(|body| Outgoing { delay, ..of_group("a", body) });
    events.send(crowd.to_vec()).await.unwrap();
    pass(61);
    send(&events, ["b1"]).await;
    assert_eq!(bodies(&receive(&events, 3).await), ["a1", "b1", "a2"]);
}

#[tokio::test]
async fn providers_alternate_also_when_received_one_by_one() {
    let folder = TestFolder::new();
    let events = open(&folder).events();
    send(&events, ["d1", "d2", "d3", "d4", "d5", "d6"]).await;
    let other = |body: &str| Outgoing { provider: Provider::CLOUDFLARE, ..message(body) };
    events.send(vec![other("c1"), other("c2")]).await.unwrap();
    let mut order = Vec::new();
    for _ in 0..6 {
        order.push(receive(&events, 1).await.remove(0).body);
    }
    assert_eq!(order, ["c1", "d1", "c2", "d2", "d3", "d4"]);
}

#[tokio::test]
async fn a_backlog_of_100_000_delays_no_other_group() {
    let folder = TestFolder::new();
    let events = open(&folder).events();
    for _ in 0..50 {
        let part: Vec<_> = (0..2000).map(|_| of_group("crowd", "crowd")).collect();
        events.send(part).await.unwrap();
    }
    let mut slowest = Duration::ZERO;
    for body in ["x", "y", "z"] {
        send(&events, [body]).await;
        let began = Instant::now();
        let received = receive(&events, 10).await;
        slowest = slowest.max(began.elapsed());
        assert_eq!(received.len(), 10);
        assert!(bodies(&received).contains(&body));
    }
    assert!(slowest < Duration::from_millis(500), "{slowest:?} for ten messages");
}
