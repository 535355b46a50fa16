//! Deletion of all that is stored of an event.

use std::fs;
use std::time::Duration;

use embedded::{Erased, Erasure, Options, State};
use envelope::Outcome;
use ports::{
    Archive, ArchiveReader, Claim, DeliveredResult, Deliveries, Delivery, DeliveryRecord, Item,
    Items, Ledger,
};
use time::OffsetDateTime;

use crate::deliveries::delivery;
use crate::open;
use crate::test_folder::TestFolder;

const NAME: &str = "shop.example.com";

async fn store(state: &State, id: &str) {
    let text = format!("{{\"id\":\"{id}\",\"hostname\":\"{id}-{NAME}\"}}");
    let key = format!("digicert/2026/01/02/{id}");
    let item = Item {
        partition: "ct/key/one".to_owned(),
        sort: format!("announced#{id}"),
        value: text.clone(),
        kept_until: OffsetDateTime::now_utc() + Duration::from_secs(3600),
    };
    state.ledger().put_item(item).await.unwrap();
    state.archive().put(&key, text.clone().into_bytes()).await.unwrap();
    state.deliveries().publish(Delivery { body: text, ..delivery(id) }).await.unwrap();
    let now = OffsetDateTime::now_utc();
    let leaf = Some(format!("leaf of {id}"));
    let result = DeliveredResult { received: now, outcome: Outcome::Downloaded, leaf };
    let record = DeliveryRecord::id(id, now + Duration::from_secs(3600));
    state.ledger().record(DeliveryRecord { result: Some(result), ..record }).await.unwrap();
}

/// The first event of all is in the dictionaries with which the others are compressed.
#[tokio::test]
async fn nothing_is_left_of_an_erased_event_but_its_id() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let ids: Vec<String> = (0..20).map(|number| format!("event-{number:02}-end")).collect();
    for id in &ids {
        store(&state, id).await;
    }
    store(&state, "event-00-end/replay/1").await;
    let erasure = Erasure {
        ids: vec![ids[0].clone()],
        keys: vec![format!("digicert/2026/01/02/{}", ids[0])],
        certificates: Vec::new(),
    };
    // Beside the process that has the folder.
    let joined = State::join(folder.path(), Options::default()).unwrap();
    let erased = joined.erase(erasure).await.unwrap();
    assert_eq!(erased, Erased { deliveries: 2, archived: 1, history: 0, dead_letters: 0 });
    drop(joined);

    let claim = state.ledger().claim(&ids[0], "me", OffsetDateTime::now_utc()).await.unwrap();
    assert_eq!(claim, Claim::Recorded(None), "it is not delivered again");
    // The process goes on, and makes dictionaries without it.
    for number in 20..60 {
        store(&state, &format!("event-{number:02}-end")).await;
    }
    let items = state.ledger().items("ct/key/one", None, 100).await.unwrap();
    assert_eq!(items.len(), 59);
    let delivered = state.reader().read_after(0, 100).await.unwrap();
    assert_eq!(delivered.len(), 59);
    for delivered in delivered {
        let id = &delivered.id;
        assert!(delivered.body.contains(&format!("{id}-{NAME}")));
        let archived = state.archive().get(&format!("digicert/2026/01/02/{id}")).await.unwrap();
        assert_eq!(archived.unwrap(), delivered.body.into_bytes());
    }
    drop(state);
    drop(open(&folder));
    for entry in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        let content = fs::read(entry.path()).unwrap();
        let word = format!("{}-{NAME}", ids[0]);
        let is_in = content.windows(word.len()).any(|text| text == word.as_bytes());
        assert!(!is_in, "{entry:?}");
    }
}
