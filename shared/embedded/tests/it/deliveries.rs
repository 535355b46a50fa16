use std::time::Duration;

use embedded::{LocalDeliveries, Reader};
use envelope::Provider;
use ports::{Deliveries, Delivery, Ledger};

use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, open, open_with};

pub(crate) fn delivery(id: &str) -> Delivery {
    Delivery {
        id: id.to_owned(),
        kind: "certhooks.certificate.issued".to_owned(),
        provider: Provider::DIGICERT,
        group: String::new(),
        subject: format!("digicert/certificate/{id}"),
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}

async fn publish(deliveries: &LocalDeliveries, ids: &[&str]) {
    for id in ids {
        deliveries.publish(delivery(id)).await.unwrap();
    }
}

async fn ids_after(reader: &Reader, sequence: i64) -> Vec<String> {
    let read = reader.read_after(sequence, 1000).await.unwrap();
    read.into_iter().map(|delivered| delivered.id).collect()
}

#[tokio::test]
async fn deliveries_are_read_in_order() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let reader = state.reader();
    assert_eq!(reader.last_sequence().await.unwrap(), 0);
    publish(&state.deliveries(), &["a", "b", "c"]).await;
    assert_eq!(ids_after(&reader, 0).await, ["a", "b", "c"]);
    assert_eq!(reader.last_sequence().await.unwrap(), 3);
    let page = reader.read_after(1, 1).await.unwrap();
    assert_eq!(page.len(), 1);
    let delivered = &page[0];
    assert_eq!(delivered.sequence, 2);
    assert_eq!(delivered.kind, "certhooks.certificate.issued");
    assert_eq!(delivered.provider, "digicert");
    assert_eq!(delivered.subject, "digicert/certificate/b");
    assert_eq!(delivered.body, "{\"id\":\"b\"}");
}

/// After a crash between publishing and recording, the worker publishes again, and the provider may
/// have answered its call-back differently.
#[tokio::test]
async fn an_id_is_inserted_once_unless_it_was_forgotten() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let deliveries = state.deliveries();
    let marked = |mark: &str| Delivery {
        body: format!("{{\"id\":\"a\",\"ordering\":\"{mark}\"}}"),
        ..delivery("a")
    };
    let first = marked("first");
    deliveries.publish(first.clone()).await.unwrap();
    drop((deliveries, state));

    let state = open(&folder);
    let deliveries = state.deliveries();
    deliveries.publish(marked("stale")).await.unwrap();
    state.ledger().forget("a").await.unwrap();
    for _ in 0..2 {
        deliveries.publish(marked("again")).await.unwrap();
    }
    publish(&deliveries, &["b"]).await;
    let read = Reader::open(folder.path()).unwrap().read_after(0, 10).await.unwrap();
    let bodies: Vec<_> = read.into_iter().map(|delivered| delivered.body).collect();
    assert_eq!(bodies, [first.body, marked("again").body, delivery("b").body]);
}

#[tokio::test]
async fn deliveries_expire_after_14_days_and_their_sequences_are_not_reused() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let state = open_with(&folder, clock);
    let reader = state.reader();
    publish(&state.deliveries(), &["a", "b"]).await;
    pass(13 * 24 * 3600);
    publish(&state.deliveries(), &["c"]).await;
    assert_eq!(ids_after(&reader, 0).await, ["a", "b", "c"]);
    pass(24 * 3600 + 1);
    until(async || ids_after(&reader, 0).await == ["c"]).await;
    pass(14 * 24 * 3600);
    until(async || ids_after(&reader, 0).await.is_empty()).await;
    publish(&state.deliveries(), &["d"]).await;
    assert_eq!(reader.last_sequence().await.unwrap(), 4);
}

#[tokio::test]
async fn another_process_can_read_while_this_one_writes() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let reader = Reader::open(folder.path()).unwrap();
    let writing = tokio::spawn({
        let deliveries = state.deliveries();
        async move {
            for number in 0..300 {
                deliveries.publish(delivery(&number.to_string())).await.unwrap();
            }
        }
    });
    let mut seen: Vec<String> = Vec::new();
    while seen.len() < 300 {
        let after = seen.len() as i64;
        seen.extend(ids_after(&reader, after).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    writing.await.unwrap();
    assert!(seen.iter().enumerate().all(|(index, id)| *id == index.to_string()));
}

#[tokio::test]
async fn a_folder_can_be_read_without_a_process_that_writes() {
    let folder = TestFolder::new();
    let state = open(&folder);
    publish(&state.deliveries(), &["a"]).await;
    drop(state);
    let reader = Reader::open(folder.path()).unwrap();
    assert_eq!(ids_after(&reader, 0).await, ["a"]);
    assert_eq!(reader.counts().await.unwrap().visible, 0);
    assert!(reader.challenges().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_without_state_says_how_to_make_one() {
    let folder = TestFolder::new();
    let error = Reader::open(folder.path()).err().unwrap();
    assert!(error.0.contains("certhooks local --state"), "{error}");
}
