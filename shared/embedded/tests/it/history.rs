//! What the ledger keeps of certificates.

use std::collections::BTreeSet;

use embedded::{Reader, State};
use envelope::{Callback, Outcome};
use ports::{CertificateState, Entry, History, Ledger, Recorded, Standing, Told, alias};
use serde_json::Map;
use time::{Duration, OffsetDateTime};

use crate::events::until;
use crate::folder::TestFolder;
use crate::{clock, open, open_with};

const CERTIFICATE: &str = "digicert/certificate/7";

fn state(place: i64, id: &str) -> CertificateState {
    let time = OffsetDateTime::UNIX_EPOCH + Duration::seconds(place);
    CertificateState {
        certificate: CERTIFICATE.into(),
        place,
        kind: format!("kind {place}"),
        id: id.into(),
        time,
        kept_until: OffsetDateTime::now_utc() + Duration::days(400),
    }
}

fn told(id: &str, received: OffsetDateTime, aliases: &[String]) -> Told {
    let received = received.replace_nanosecond(0).unwrap();
    Told {
        certificate: CERTIFICATE.into(),
        aliases: aliases.iter().cloned().collect::<BTreeSet<_>>(),
        kept_until: received + Duration::days(400),
        entry: Entry {
            id: id.into(),
            kind: "certhooks.certificate.issued".into(),
            event: "certificate_issued".into(),
            subject: CERTIFICATE.into(),
            time: received,
            received,
            delivered: received,
            callback: Callback {
                outcome: Outcome::Downloaded,
                reason: None,
                attempts: 1,
                status: Some(200),
            },
            ordering: None,
            reconciled: None,
            replayed: None,
            identifiers: Map::new(),
            serial_numbers: vec!["0A1B".into()],
            not_after: None,
        },
    }
}

async fn record(state: &State, told: Told) {
    let recorded = Recorded {
        id: told.entry.id.clone(),
        kept_until: OffsetDateTime::now_utc() + Duration::days(30),
        told: Some(told),
    };
    state.ledger().record(recorded).await.unwrap();
}

async fn found(state: &State, name: &str) -> Vec<History> {
    state.reader().histories(vec![name.to_owned()]).await.unwrap()
}

fn ids(history: &History) -> Vec<&str> {
    history.entries.iter().map(|entry| entry.id.as_str()).collect()
}

#[tokio::test]
async fn a_state_moves_on_and_never_back() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let ledger = open.ledger();
    for (place, id, standing) in [
        (5, "a", Standing::Current),
        (5, "a", Standing::Current),
        (3, "b", Standing::Stale),
        (9, "c", Standing::Current),
        (5, "a", Standing::Stale),
        (9, "c", Standing::Current),
    ] {
        assert_eq!(ledger.advance(state(place, id)).await.unwrap(), standing, "{place} {id}");
    }
    let [history] = &found(&open, CERTIFICATE).await[..] else { panic!("not one") };
    let known = history.state.clone().unwrap();
    let kept_until = known.kept_until;
    assert_eq!(known, CertificateState { kept_until, ..state(9, "c") });
    let other = CertificateState { certificate: "digicert/certificate/8".into(), ..state(1, "d") };
    assert_eq!(ledger.advance(other).await.unwrap(), Standing::Current);
}

/// In whatever order two workers get there.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_the_furthest_stays() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let tasks: Vec<_> = (1..=50)
        .map(|number| {
            let ledger = open.ledger();
            let place = number * 7 % 51;
            tokio::spawn(async move { ledger.advance(state(place, &place.to_string())).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let found = found(&open, CERTIFICATE).await;
    assert_eq!(found[0].state.as_ref().map(|state| state.place), Some(50));
}

#[tokio::test]
async fn a_history_is_found_by_each_of_its_names_also_by_another_process() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let now = OffsetDateTime::now_utc();
    let names = [alias::order(12), alias::name("Shop.Example.COM."), alias::serial("00:0a:1b")];
    record(&open, told("second", now, &names)).await;
    record(&open, told("first", now - Duration::hours(1), &names[..1])).await;
    // The same event again is one line; a replay of it is another.
    record(&open, told("second", now, &names)).await;
    let mut replay = told("second", now, &names);
    replay.entry.replayed = Some(true);
    record(&open, replay.clone()).await;
    let reader = Reader::open(folder.path()).unwrap();
    for name in ["order/12", "name/shop.example.com", "serial/A1B", CERTIFICATE] {
        let histories = reader.histories(vec![name.to_owned(), CERTIFICATE.into()]).await.unwrap();
        let [history] = &histories[..] else { panic!("{name}: {histories:?}") };
        assert_eq!(ids(history), ["first", "second", "second"], "{name}");
        assert_eq!(history.entries[2], replay.entry);
        assert_eq!(history.state, None);
    }
    assert_eq!(reader.histories(vec!["order/1".into()]).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_past_its_time_is_forgotten() {
    let folder = TestFolder::new();
    let (clock, pass) = clock!();
    let open = open_with(&folder, clock);
    let ledger = open.ledger();
    ledger.advance(state(9, "a")).await.unwrap();
    record(&open, told("a", clock(), &[alias::order(12)])).await;
    pass(399 * 24 * 3600);
    assert_eq!(found(&open, "order/12").await.len(), 1);
    assert_eq!(ledger.advance(state(5, "b")).await.unwrap(), Standing::Stale);
    pass(2 * 24 * 3600);
    assert_eq!(found(&open, "order/12").await, []);
    let file = folder.path().join("certhooks.db");
    let other = rusqlite::Connection::open(file).unwrap();
    let rows = "SELECT (SELECT count(*) FROM certificates) + (SELECT count(*) FROM history)
        + (SELECT count(*) FROM aliases)";
    until(async || other.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap() == 0).await;
    assert_eq!(ledger.advance(state(5, "b")).await.unwrap(), Standing::Current);
}

/// Only the newest are read, however many there are.
#[tokio::test]
async fn reading_is_bounded() {
    let folder = TestFolder::new();
    let open = open(&folder);
    let now = OffsetDateTime::now_utc();
    for number in 0..History::ENTRIES + 5 {
        let received = now + Duration::seconds(number.into());
        record(&open, told(&number.to_string(), received, &[])).await;
    }
    let found = found(&open, CERTIFICATE).await;
    let ids = ids(&found[0]);
    assert_eq!((ids.len(), ids[0], ids[199]), (200, "5", "204"));
}

/// A folder of the version before: what is in it stays, and its tables are brought up to date.
#[tokio::test]
async fn a_folder_of_version_1_is_brought_up_to_date() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let file = folder.path().join("certhooks.db");
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(
        "DROP TABLE certificates; DROP TABLE history; DROP TABLE aliases;
         DROP INDEX deliveries_by_id;
         INSERT INTO ledger (id, recorded, keep_until) VALUES ('kept', 1, 9000000000000000);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let error = Reader::open(folder.path()).err().unwrap();
    assert!(error.0.contains("schema version 1, older than"), "{error}");
    let open = open(&folder);
    let until = OffsetDateTime::now_utc() + Duration::minutes(3);
    assert_eq!(open.ledger().claim("kept", "me", until).await.unwrap(), ports::Claim::Recorded);
    assert_eq!(open.ledger().advance(state(1, "a")).await.unwrap(), Standing::Current);
}
