//! What the ledger keeps of certificates.

use aws::DynamoLedger;
use envelope::{Callback, Outcome};
use ports::{CertificateState, Entry, History, Ledger, Recorded, Standing, Told, alias};
use serde_json::{Map, json};
use time::{Duration, OffsetDateTime};

use crate::stage::{Stage, stage};

const CERTIFICATE: &str = "digicert/certificate/7";

async fn ledger(stage: &Stage) -> DynamoLedger {
    stage.emulator.table("ledger").await.unwrap();
    DynamoLedger::new(&stage.session, "ledger")
}

/// DynamoDB keeps whole seconds of an item's end.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).unwrap()
}

fn state(place: i64, id: &str) -> CertificateState {
    CertificateState {
        certificate: CERTIFICATE.into(),
        place,
        kind: "certhooks.certificate.deployed".into(),
        id: id.into(),
        time: OffsetDateTime::UNIX_EPOCH + Duration::seconds(place),
        kept_until: now() + Duration::days(400),
    }
}

fn recorded(id: &str, received: OffsetDateTime, aliases: impl Iterator<Item = String>) -> Recorded {
    let entry = Entry {
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
            attempts: 2,
            status: Some(200),
        },
        ordering: None,
        reconciled: None,
        replayed: None,
        identifiers: Map::from_iter([("order_id".to_owned(), json!(12))]),
        serial_numbers: vec!["0A1B".into()],
        not_after: Some("2027-01-01T00:00:00Z".into()),
    };
    let kept_until = now() + Duration::days(400);
    let told =
        Told { certificate: CERTIFICATE.into(), aliases: aliases.collect(), entry, kept_until };
    Recorded { id: id.into(), kept_until, told: Some(told) }
}

async fn found(ledger: &DynamoLedger, name: &str) -> Vec<History> {
    ledger.histories(vec![name.to_owned()]).await.unwrap()
}

#[tokio::test]
async fn a_state_moves_on_and_never_back() {
    let Some(stage) = stage("history::a_state_moves_on_and_never_back").await else { return };
    let ledger = ledger(&stage).await;
    for (place, id, standing) in [
        (5, "a", Standing::Current),
        (5, "a", Standing::Current),
        (3, "b", Standing::Stale),
        (9, "c", Standing::Current),
        (5, "a", Standing::Stale),
    ] {
        assert_eq!(ledger.advance(state(place, id)).await.unwrap(), standing, "{place} {id}");
    }
    let [history] = &found(&ledger, CERTIFICATE).await[..] else { panic!("not one") };
    assert_eq!(history.state.as_ref().map(|state| state.id.as_str()), Some("c"));

    // Two workers, in whatever order they get there.
    let places = (10..20).map(|place| ledger.advance(state(place, "d")));
    for done in futures_util::future::join_all(places).await {
        assert!(done.is_ok(), "{done:?}");
    }
    let history = found(&ledger, CERTIFICATE).await;
    assert_eq!(history[0].state.as_ref().map(|state| state.place), Some(19));

    // DynamoDB deletes it days later; until then the time is compared.
    let over = CertificateState { kept_until: now() - Duration::seconds(2), ..state(20, "e") };
    ledger.advance(over).await.unwrap();
    assert_eq!(found(&ledger, CERTIFICATE).await, []);
    assert_eq!(ledger.advance(state(1, "f")).await.unwrap(), Standing::Current);
}

#[tokio::test]
async fn a_history_is_found_by_each_of_its_names() {
    let Some(stage) = stage("history::a_history_is_found_by_each_of_its_names").await else {
        return;
    };
    let ledger = ledger(&stage).await;
    // More than one batch takes.
    let names = (0..40).map(|number| alias::name(&format!("www{number}.example.com")));
    let names: Vec<_> = names.chain([alias::order(12), alias::serial("0A:1b")]).collect();
    let (received, earlier) = (now(), now() - Duration::hours(1));
    ledger.record(recorded("second", received, names.iter().cloned())).await.unwrap();
    ledger.record(recorded("first", earlier, std::iter::empty())).await.unwrap();
    ledger.record(recorded("second", received, names.iter().cloned())).await.unwrap();
    ledger.advance(state(5, "second")).await.unwrap();

    let whole = found(&ledger, CERTIFICATE).await;
    let [history] = &whole[..] else { panic!("not one: {whole:?}") };
    let ids: Vec<_> = history.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["first", "second"], "the same event again is the same line");
    let first = recorded("first", earlier, std::iter::empty()).told.unwrap();
    assert_eq!(history.entries[0], first.entry);
    let known = history.state.clone().unwrap();
    assert_eq!(known, CertificateState { kept_until: known.kept_until, ..state(5, "second") });
    for name in ["order/12", "serial/A1B", "name/www0.example.com", "name/www39.example.com"] {
        assert_eq!(found(&ledger, name).await, whole, "{name}");
    }
    assert_eq!(found(&ledger, "order/13").await, []);
    let until = now() + Duration::minutes(3);
    assert_eq!(ledger.claim("second", "me", until).await.unwrap(), ports::Claim::Recorded);
}

#[tokio::test]
async fn reading_is_bounded_and_a_replay_has_a_line_of_its_own() {
    let name = "history::reading_is_bounded_and_a_replay_has_a_line_of_its_own";
    let Some(stage) = stage(name).await else { return };
    let ledger = ledger(&stage).await;
    let received = now();
    for number in 0..i64::from(History::ENTRIES) + 3 {
        let received = received + Duration::milliseconds(number);
        ledger.record(recorded(&number.to_string(), received, std::iter::empty())).await.unwrap();
    }
    let mut replay = recorded("202", received + Duration::milliseconds(202), std::iter::empty());
    replay.told.as_mut().unwrap().entry.replayed = Some(true);
    ledger.record(replay).await.unwrap();
    ledger.advance(state(1, "a")).await.unwrap();
    let history = found(&ledger, CERTIFICATE).await.remove(0);
    let ids: Vec<_> = history.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!((ids.len(), ids[0], &ids[198..]), (200, "4", &["202", "202"][..]));
    assert!(history.state.is_some());
}
