use aws::DynamoLedger;
use harness::ledger as contract;
use ports::{Claim, DeliveryRecord, Ledger};
use secrecy::ExposeSecret;
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
async fn the_contract_is_kept() {
    let stage = stage().await;
    let ledger = ledger(&stage).await;
    contract::a_claim_has_one_owner(&ledger).await.unwrap();
    contract::a_refused_claim_names_the_end_of_the_lease(&ledger).await.unwrap();
    contract::a_lease_ends(&ledger).await.unwrap();
    contract::a_recorded_id_stays_recorded(&ledger).await.unwrap();
    contract::a_record_says_what_was_delivered(&ledger).await.unwrap();
    contract::a_forgotten_id_is_new(&ledger).await.unwrap();
    contract::recorded_ids_are_known(&ledger).await.unwrap();
    contract::items_are_listed_in_order(&ledger).await.unwrap();
    let waiting = async || waiting(&ledger).await;
    contract::a_challenge_waits_until_it_expires(&ledger, waiting).await.unwrap();

    // DynamoDB deletes an expired record days later; until then the expiry time is compared.
    ledger.record(DeliveryRecord::id("old", in_seconds(-2))).await.unwrap();
    assert_eq!(ledger.claim("old", "a", in_seconds(180)).await.unwrap(), Claim::Granted);
}

async fn waiting(ledger: &DynamoLedger) -> Vec<String> {
    let tokens = ledger.challenges().await.unwrap();
    tokens.into_iter().map(|waiting| waiting.token.expose_secret().to_owned()).collect()
}

/// The operator's command reads this item; the table deletes it by `expires_at`.
#[tokio::test]
async fn a_challenge_has_an_item_of_its_own() {
    let stage = stage().await;
    let ledger = ledger(&stage).await;
    let expires = in_seconds(1800);
    // DynamoDB refuses an empty key.
    for (webhook_id, key) in [("42", "42"), ("", "-")] {
        ledger.keep_challenge(webhook_id, &"a-token".into(), expires).await.unwrap();
        let sort_key = format!("{key}#{}", expires.unix_timestamp_nanos() / 1000);
        let key = json!({ "pk": { "S": "challenge#digicert" }, "sk": { "S": sort_key } });
        let request = json!({ "TableName": "ledger", "Key": key });
        let kept =
            stage.emulator.call("dynamodb", "DynamoDB_20120810.GetItem", request).await.unwrap();
        assert_eq!(kept["Item"]["token"]["S"], "a-token");
        assert_eq!(kept["Item"]["expires_at"]["N"], expires.unix_timestamp().to_string());
    }
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let stage = stage().await;
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
