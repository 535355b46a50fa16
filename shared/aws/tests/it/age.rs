//! CloudWatch and the age of the oldest message of a queue.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::QueueAge;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::stage::Server;

type Requests = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// Fails the first request, as a service may do for a moment.
async fn answer(
    State(requests): State<Requests>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let mut requests = requests.lock().unwrap();
    requests.push((headers, serde_json::from_str(&body).unwrap()));
    if requests.len() == 1 {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    let points = [
        json!({ "Timestamp": 1_764_000_060, "Maximum": 90.0, "Unit": "Seconds" }),
        json!({ "Timestamp": 1_764_000_000, "Maximum": 30.0, "Unit": "Seconds" }),
    ];
    (StatusCode::OK, json!({ "Label": "a", "Datapoints": points }).to_string())
}

#[tokio::test]
async fn the_request_is_signed_and_retried_after_a_failure() {
    let requests = Requests::default();
    let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&requests));
    let server = Server::start(router, "AWS_ENDPOINT_URL_CLOUDWATCH").await;
    let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/events-1A";
    let oldest = QueueAge::read(&server.session, "EventsQueueUrl", url).await.unwrap().unwrap();
    assert_eq!((oldest.age, oldest.at.unix_timestamp()), (Duration::from_secs(90), 1_764_000_060));

    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    for (headers, request) in requests.iter() {
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(header("x-amz-target"), "GraniteServiceVersion20100801.GetMetricStatistics");
        assert_eq!(header("content-type"), "application/x-amz-json-1.0");
        assert_eq!(header("x-amz-security-token"), "of-a-session");
        let signed = header("authorization");
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=test/"), "{signed}");
        assert!(signed.contains("/eu-central-1/monitoring/aws4_request"), "{signed}");
        let queue = json!([{ "Name": "QueueName", "Value": "events-1A" }]);
        assert_eq!(request["Dimensions"], queue);
    }
}
