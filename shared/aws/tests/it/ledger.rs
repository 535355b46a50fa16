use aws::DynamoLedger;
use ports::{Claim, DeliveryRecord, Ledger};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::stage::{Stage, stage};

async fn ledger(stage: &Stage) -> DynamoLedger {
    stage.emulator.create_table("ledger").await.unwrap();
    DynamoLedger::new(&stage.session, "ledger")
}

fn in_seconds(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::seconds(seconds)
}

#[tokio::test]
async fn one_owner_at_a_time() {
    let Some(stage) = stage("ledger::one_owner_at_a_time").await else { return };
    let ledger = ledger(&stage).await;
    let until = in_seconds(180);
    assert_eq!(ledger.claim("id", "a", until).await.unwrap(), Claim::Granted);
    assert_eq!(
        ledger.claim("id", "a", until).await.unwrap(),
        Claim::Granted,
        "the owner may claim again"
    );
    let Claim::Held { until: held } = ledger.claim("id", "b", until).await.unwrap() else {
        panic!()
    };
    assert!((held - until).abs() < Duration::milliseconds(2), "{held}, not {until}");
    assert_eq!(ledger.claim("other", "b", until).await.unwrap(), Claim::Granted);

    ledger.release("id", "b").await.unwrap();
    assert!(
        matches!(ledger.claim("id", "b", until).await.unwrap(), Claim::Held { .. }),
        "b did not hold it"
    );
    ledger.release("id", "a").await.unwrap();
    assert_eq!(ledger.claim("id", "b", until).await.unwrap(), Claim::Granted);
}

#[tokio::test]
async fn a_lease_ends() {
    let Some(stage) = stage("ledger::a_lease_ends").await else { return };
    let ledger = ledger(&stage).await;
    assert_eq!(ledger.claim("id", "a", in_seconds(-1)).await.unwrap(), Claim::Granted);
    assert_eq!(ledger.claim("id", "b", in_seconds(180)).await.unwrap(), Claim::Granted);
    assert!(matches!(ledger.claim("id", "a", in_seconds(180)).await.unwrap(), Claim::Held { .. }));
}

#[tokio::test]
async fn a_recorded_id_is_known_until_it_expires() {
    let Some(stage) = stage("ledger::a_recorded_id_is_known_until_it_expires").await else {
        return;
    };
    let ledger = ledger(&stage).await;
    ledger.claim("id", "a", in_seconds(180)).await.unwrap();
    for _ in 0..2 {
        ledger.record(DeliveryRecord::id("id", in_seconds(3600))).await.unwrap();
    }
    for owner in ["a", "b"] {
        assert_eq!(ledger.claim("id", owner, in_seconds(180)).await.unwrap(), Claim::Recorded);
        ledger.release("id", owner).await.unwrap();
    }
    assert_eq!(
        ledger.claim("id", "a", in_seconds(180)).await.unwrap(),
        Claim::Recorded,
        "a record is not released"
    );

    // DynamoDB deletes it days later; until then the expiry time is compared.
    ledger.record(DeliveryRecord::id("old", in_seconds(-2))).await.unwrap();
    assert_eq!(ledger.claim("old", "a", in_seconds(180)).await.unwrap(), Claim::Granted);
}

/// There is more than one batch, and a duplicate id, which DynamoDB refuses within a batch.
#[tokio::test]
async fn recorded_ids_are_found_among_many() {
    let Some(stage) = stage("ledger::recorded_ids_are_found_among_many").await else { return };
    let ledger = ledger(&stage).await;
    let kept = in_seconds(3600).replace_nanosecond(0).unwrap();
    ledger.claim("id-7", "a", in_seconds(180)).await.unwrap();
    ledger.record(DeliveryRecord::id("id-0", in_seconds(-2))).await.unwrap();
    for id in ["id-99", "id-100", "id-249"] {
        ledger.record(DeliveryRecord::id(id, kept)).await.unwrap();
    }
    let mut ids: Vec<_> = (0..250).map(|number| format!("id-{number}")).collect();
    ids.push("id-99".to_owned());
    let mut known: Vec<_> = ledger.known(&ids).await.unwrap().into_iter().collect();
    known.sort();
    assert_eq!(known, ["id-100", "id-249", "id-99"].map(|id| (id.to_owned(), kept)));
}

#[tokio::test]
async fn a_challenge_is_stored_for_the_operator() {
    let Some(stage) = stage("ledger::a_challenge_is_stored_for_the_operator").await else { return };
    let ledger = ledger(&stage).await;
    let expires = in_seconds(1800);
    ledger.keep_challenge("42", &"a-token".into(), expires).await.unwrap();
    ledger.keep_challenge("", &"a-token".into(), expires).await.unwrap();
    let key = json!({ "pk": { "S": "challenge#digicert" }, "sk": { "S": "42" } });
    let request = json!({ "TableName": "ledger", "Key": key });
    let kept = stage.emulator.call("dynamodb", "DynamoDB_20120810.GetItem", request).await.unwrap();
    assert_eq!(kept["Item"]["token"]["S"], "a-token");
    assert_eq!(kept["Item"]["expires_at"]["N"], expires.unix_timestamp().to_string());
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let Some(stage) = stage("ledger::a_missing_table_is_named").await else { return };
    let ledger = DynamoLedger::new(&stage.session, "missing");
    let until = in_seconds(180);
    for (error, operation) in [
        (ledger.claim("id", "a", until).await.map(drop), "PutItem"),
        (ledger.record(DeliveryRecord::id("id", until)).await, "PutItem"),
        (ledger.release("id", "a").await, "DeleteItem"),
        (ledger.keep_challenge("1", &"a-token".into(), until).await, "PutItem"),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("LEDGER_TABLE: {operation}: ResourceNotFoundException")),
            "{error}"
        );
        assert!(!error.contains("a-token"));
    }
}
