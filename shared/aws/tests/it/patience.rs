//! The table is short of capacity while an event that is out already is to be recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws::DynamoLedger;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use ports::{DeliveryRecord, Ledger};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::stage::{is_inside, passes_before, session};

/// A stand-in for DynamoDB that is asked so often, and refuses so often first.
#[derive(Clone)]
struct Table {
    asked: Arc<AtomicUsize>,
    refusals: usize,
}

async fn put(State(table): State<Table>) -> (StatusCode, Json<Value>) {
    if table.asked.fetch_add(1, Ordering::SeqCst) < table.refusals {
        let refusal = json!({ "__type": "ProvisionedThroughputExceededException" });
        return (StatusCode::BAD_REQUEST, Json(refusal));
    }
    (StatusCode::OK, Json(json!({})))
}

/// Runs the inner half of `test` with a stand-in; whether it passed, and how often it was asked.
async fn asked(test: &str, refusals: usize) -> (bool, usize) {
    let table = Table { asked: Arc::default(), refusals };
    let router = Router::new().route("/", post(put)).with_state(table.clone());
    let passed = passes_before(router, test, "AWS_ENDPOINT_URL_DYNAMODB").await;
    (passed, table.asked.load(Ordering::SeqCst))
}

async fn record() {
    let ledger = DynamoLedger::new(&session(), "ledger");
    let kept_until = OffsetDateTime::now_utc() + Duration::days(30);
    ledger.record(DeliveryRecord::id("id", kept_until)).await.unwrap();
}

/// The SDK asks twice in each try.
#[tokio::test]
async fn a_record_is_not_given_up_as_soon_as_other_calls() {
    if is_inside() {
        return record().await;
    }
    let test = "patience::a_record_is_not_given_up_as_soon_as_other_calls";
    assert_eq!(asked(test, 4).await, (true, 5));
}

#[tokio::test]
async fn a_record_is_given_up_in_the_end() {
    if is_inside() {
        return record().await;
    }
    let test = "patience::a_record_is_given_up_in_the_end";
    assert_eq!(asked(test, usize::MAX).await, (false, 8));
}
