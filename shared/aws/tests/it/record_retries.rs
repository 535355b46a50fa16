//! The table lacks capacity while a delivered event is to be recorded.

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

use crate::stage::{is_inside, passes_with_server, session};

/// A test server for DynamoDB that counts requests and refuses the first ones.
#[derive(Clone)]
struct Table {
    requests: Arc<AtomicUsize>,
    refusals: usize,
}

async fn put(State(table): State<Table>) -> (StatusCode, Json<Value>) {
    if table.requests.fetch_add(1, Ordering::SeqCst) < table.refusals {
        let refusal = json!({ "__type": "ProvisionedThroughputExceededException" });
        return (StatusCode::BAD_REQUEST, Json(refusal));
    }
    (StatusCode::OK, Json(json!({})))
}

/// Runs the inner half of `test` with such a server. Returns whether it passed, and the number of
/// requests.
async fn requests(test: &str, refusals: usize) -> (bool, usize) {
    let table = Table { requests: Arc::default(), refusals };
    let router = Router::new().route("/", post(put)).with_state(table.clone());
    let passed = passes_with_server(router, test, "AWS_ENDPOINT_URL_DYNAMODB").await;
    (passed, table.requests.load(Ordering::SeqCst))
}

async fn record() {
    let ledger = DynamoLedger::new(&session(), "ledger");
    let kept_until = OffsetDateTime::now_utc() + Duration::days(30);
    ledger.record(DeliveryRecord::id("id", kept_until)).await.unwrap();
}

/// The SDK makes two requests in each attempt.
#[tokio::test]
async fn a_record_has_more_retries_than_other_calls() {
    if is_inside() {
        return record().await;
    }
    let test = "record_retries::a_record_has_more_retries_than_other_calls";
    assert_eq!(requests(test, 4).await, (true, 5));
}

#[tokio::test]
async fn a_record_fails_after_its_retries() {
    if is_inside() {
        return record().await;
    }
    let test = "record_retries::a_record_fails_after_its_retries";
    assert_eq!(requests(test, usize::MAX).await, (false, 8));
}
