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

use crate::stage::Server;

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

/// Records an event at such a server. Returns whether that succeeded, and the number of requests.
async fn record(refusals: usize) -> (bool, usize) {
    let table = Table { requests: Arc::default(), refusals };
    let router = Router::new().route("/", post(put)).with_state(table.clone());
    let server = Server::start(router, "AWS_ENDPOINT_URL_DYNAMODB").await;
    let ledger = DynamoLedger::new(&server.session, "ledger");
    let kept_until = OffsetDateTime::now_utc() + Duration::days(30);
    let recorded = ledger.record(DeliveryRecord::id("id", kept_until)).await;
    (recorded.is_ok(), table.requests.load(Ordering::SeqCst))
}

/// The SDK makes two requests in each attempt.
#[tokio::test]
async fn a_record_has_more_retries_than_other_calls() {
    assert_eq!(record(4).await, (true, 5));
}

#[tokio::test]
async fn a_record_fails_after_its_retries() {
    assert_eq!(record(usize::MAX).await, (false, 8));
}
