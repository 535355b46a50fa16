//! CertCentral's API with and without faults.

use axum::Router;
use axum::http::StatusCode;
use reconciliation::RunError;
use simulator::{Fault, Rule};
use tokio::net::TcpListener;

use crate::stage::{Stage, counts, of_order};

const LOGS: &str = "/services/v2/webhook/12345/event-logs";
const WEBHOOK: &str = "/services/v2/webhook";
/// A refusal with a message that quotes the API key.
const QUOTING: &str = r#"{"errors":[{"code":"odd","message":"the key any-key is odd"}]}"#;
const CHANGES: &str = "/services/v2/order/certificate/status-changes";

/// Ten of thirty events failed. The log may have the newest or the oldest entry first.
#[tokio::test]
async fn a_log_of_many_pages_is_read_in_either_order() {
    for digicert_log_newest_first in [false, true] {
        let settings = simulator::Settings {
            digicert_log_page: 7,
            digicert_log_newest_first,
            ..simulator::Settings::default()
        };
        let stage = Stage::with(settings).await;
        for number in 0..30 {
            let code = if number % 3 == 0 { 500 } else { 200 };
            stage.send(code, of_order("certificate_issued", 1 + number * 2)).await;
        }
        assert_eq!(stage.counts().await, [30, 20, 10, 0, 0]);
        assert_eq!(stage.queued().await.len(), 10);
    }
}

#[tokio::test]
async fn the_older_address_of_the_log_is_also_tried() {
    let stage = Stage::set().await;
    stage.send(500, of_order("certificate_issued", 1)).await;
    stage.simulator.faults().set([Rule::new(LOGS, Fault::NoRoute)]);
    let report = stage.run().await.unwrap();
    assert_eq!((counts(&report), report.notes.len()), ([1, 0, 1, 0, 0], 0));
    // Without a webhook only the older address exists.
    stage.simulator.faults().clear();
    stage.delete().await;
    stage.send(500, of_order("certificate_issued", 3)).await;
    assert_eq!(stage.counts().await, [2, 0, 1, 1, 0]);
}

#[tokio::test]
async fn a_key_without_a_permission_is_used_for_the_rest_and_a_note_says_so() {
    let stage = Stage::set().await;
    stage.send(500, of_order("certificate_issued", 1)).await;
    stage.deactivate().await;
    stage.send(200, of_order("certificate_issued", 3)).await;
    for (path, fault, expected, note) in [
        (WEBHOOK, Fault::MissingPermission, [2, 0, 2, 0, 0], "only the orders are compared"),
        (WEBHOOK, Fault::NoRoute, [2, 0, 0, 2, 0], "only the orders are compared"),
        (CHANGES, Fault::MissingPermission, [1, 0, 0, 1, 0], "only the event log is compared"),
    ] {
        stage.simulator.faults().set([Rule::new(path, fault)]);
        let report = stage.run().await.unwrap();
        assert_eq!(counts(&report), expected, "{path}");
        assert!(matches!(&*report.notes, [only] if only.contains(note)), "{:?}", report.notes);
    }
    stage.simulator.faults().set([Rule::new("/", Fault::MissingPermission)]);
    assert!(stage.run().await.is_err(), "nothing is left to compare");
}

#[tokio::test]
async fn transient_failures_are_retried() {
    let stage = Stage::set().await;
    stage.send(500, of_order("certificate_issued", 1)).await;
    stage.simulator.faults().set([
        Rule::new(CHANGES, Fault::RateLimited { retry_after: Some(1), status: None }).times(1),
        Rule::new(LOGS, Fault::ServerError { status: Some(503) }).times(1),
        Rule::new(WEBHOOK, Fault::CutOff).times(1),
    ]);
    assert_eq!(stage.counts().await, [1, 0, 1, 0, 0]);
    assert!(stage.simulator.faults().list().is_empty());
}

#[tokio::test]
async fn a_lasting_failure_is_one_line() {
    let stage = Stage::set().await;
    for (fault, expected) in [
        (Fault::KeyRefused, "access_denied_invalid_key"),
        (Fault::Html, "an HTML page (status 200)"),
        (Fault::RateLimited { retry_after: Some(0), status: None }, "request_limit_exceeded"),
    ] {
        stage.simulator.faults().set([Rule::new("/", fault.clone())]);
        let error = stage.run().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains('\n'), "{text}");
        assert_eq!(error.is_key_refused(), fault == Fault::KeyRefused);
    }
    stage.simulator.faults().set([Rule::new("/", Fault::Reset)]);
    assert!(matches!(stage.run().await, Err(RunError::Unanswered { .. })));
}

/// The message goes to the log and to the operator.
#[tokio::test]
async fn a_message_that_quotes_the_key_is_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/services/v2", listener.local_addr().unwrap());
    let router = Router::new().fallback(async || (StatusCode::BAD_REQUEST, QUOTING));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let mut stage = Stage::set().await;
    stage.settings.api.base = base.parse().unwrap();
    let text = stage.run().await.unwrap_err().to_string();
    assert!(text.contains("code odd") && !text.contains("any-key"), "{text}");
    serving.abort();
}
