use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Outcome, Withheld};

use crate::account::{Case, SECRET, code, issued};
use crate::receiver::Answer;

#[tokio::test]
async fn a_webhook_is_created_verified_activated_and_deleted() {
    let case = Case::new().await;
    assert_eq!(code(&case.get("/webhook").await), (400, "webhook_invalid_account"));
    let settings = json!({
        "instant_issue_webhook_notification": "1",
        "webhook_notification_frequency": [90, 60, 30, 7, 0, -7],
        "webhook_send_certificate_chain": true,
        "webhook_send_instant_issued_certificate_chain": 0,
    });
    let events = json!(["certificate_issued", "domain_expired"]);
    let given = json!({"secret": SECRET, "events": events, "webhook_settings": settings});
    let webhook = case.create(given).await;
    assert_eq!(webhook, "/webhook/12345");
    let mut listed = json!({
        "id": 12345,
        "endpoint": case.receiver.url,
        "secret": SECRET,
        "events": events,
        "status": "pending",
        "webhook_settings": settings,
    });
    assert_eq!(case.get("/webhook").await, (200, json!({"webhooks": [listed]})));
    for action in ["activate", "deactivate"] {
        let refused = case.put(&format!("{webhook}/{action}"), json!({})).await;
        assert_eq!(code(&refused), (400, "webhook_invalid_action"), "{action}");
    }

    assert_eq!(case.put(&format!("{webhook}/send-challenge"), json!({})).await.0, 204);
    let received = case.receiver.only();
    assert_eq!(received.header("x-webhook-key"), Some(SECRET));
    assert_eq!(received.header("content-type"), Some("application/json"));
    let challenge = received.json();
    assert_eq!(challenge["event"], "challenge_webhook_endpoint");
    assert_eq!(challenge["data"]["webhook_id"], 12345);
    let token = challenge["data"]["token"].as_str().unwrap();
    assert_eq!(case.check(&webhook, token).await, (204, Value::Null));
    assert_eq!(case.status(&webhook).await, "inactive");
    assert_eq!(case.put(&format!("{webhook}/activate"), json!({})).await.0, 204);
    listed["status"] = json!("active");
    assert_eq!(case.get(&webhook).await, (200, listed));

    assert_eq!(case.event(issued()).await, Outcome::Answered { code: 200 });
    assert_eq!(case.receiver.only().header("x-webhook-key"), Some(SECRET));
    assert_eq!(case.put(&format!("{webhook}/deactivate"), json!({})).await.0, 204);
    let withheld = |reason| Outcome::Withheld { reason };
    assert_eq!(case.event(issued()).await, withheld(Withheld::NotActive));
    assert_eq!(case.call(Method::DELETE, &webhook, Value::Null).await.0, 204);
    assert_eq!(code(&case.get(&webhook).await), (404, "not_found|webhook"));
    assert_eq!(case.event(issued()).await, withheld(Withheld::NoWebhook));
    assert_eq!(case.create(json!({})).await, "/webhook/12346");
    assert!(case.receiver.take().is_empty());
}

#[tokio::test]
async fn invalid_requests_are_refused_and_change_nothing() {
    let case = Case::new().await;
    for endpoint in ["http://webhook.example.com/", "webhook.example.com", ""] {
        let body = json!({"endpoint": endpoint});
        for path in ["/webhook", "/webhook/test-endpoint"] {
            let refused = case.call(Method::POST, path, body.clone()).await;
            assert_eq!(code(&refused), (400, "webhook_invalid_endpoint"), "{path} {endpoint}");
        }
    }
    let short = case.call(Method::POST, "/webhook", case.body(json!({"secret": "short"}))).await;
    assert_eq!(code(&short), (400, "invalid_parameter"));
    assert_eq!(code(&case.get("/webhook").await), (400, "webhook_invalid_account"));
    assert!(case.receiver.take().is_empty());

    let webhook = case.create(json!({"secret": SECRET})).await;
    let before = case.get(&webhook).await;
    let again = case.call(Method::POST, "/webhook", case.body(json!({}))).await;
    assert_eq!(code(&again), (400, "webhook_configured_already"));
    for members in [
        json!({"events": ["certificate_isued"]}),
        json!({"webhook_settings": {"webhook_notification_frequency": [45]}}),
        json!({"secret": "short"}),
    ] {
        let refused = case.put(&webhook, case.body(members)).await;
        assert_eq!(code(&refused), (400, "invalid_parameter"));
    }
    let no_endpoint = case.put(&webhook, json!({"secret": SECRET})).await;
    assert_eq!(code(&no_endpoint), (400, "webhook_invalid_endpoint"));
    assert_eq!(case.get(&webhook).await, before);
    assert!(case.receiver.take().is_empty());
    for id in ["1", "x", "-12345", "123456"] {
        let missing = [
            case.get(&format!("/webhook/{id}")).await,
            case.get(&format!("/webhook/{id}/event-logs")).await,
            case.put(&format!("/webhook/{id}"), case.body(json!({}))).await,
            case.put(&format!("/webhook/{id}/send-challenge"), json!({})).await,
            case.put(&format!("/webhook/{id}/activate"), json!({})).await,
            case.call(Method::DELETE, &format!("/webhook/{id}"), Value::Null).await,
            case.check(&format!("/webhook/{id}"), "t").await,
        ];
        for answer in missing {
            assert_eq!(code(&answer), (404, "not_found|webhook"), "{id}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_gets_a_test_event_before_it_is_accepted() {
    let case = Case::new().await;
    for answer in [Answer::Status(500), Answer::Status(202), Answer::Redirect] {
        case.receiver.answer(answer);
        let refused = case.call(Method::POST, "/webhook", case.body(json!({}))).await;
        assert_eq!(code(&refused), (400, "webhook_endpoint_error"));
        let probe = case.receiver.only();
        assert_eq!(probe.body, r#"{"event":"test_webhook_endpoint"}"#);
        assert_eq!((probe.method, probe.headers.get("x-webhook-key")), (Method::POST, None));
    }
    assert_eq!(code(&case.get("/webhook").await), (400, "webhook_invalid_account"));
    let unreachable = json!({"endpoint": "http://127.0.0.1:1/"});
    let refused = case.call(Method::POST, "/webhook", unreachable.clone()).await;
    assert_eq!(code(&refused), (400, "webhook_endpoint_error"));

    case.receiver.answer(Answer::Status(200));
    let webhook = case.create(json!({})).await;
    assert_eq!(code(&case.put(&webhook, unreachable).await), (400, "webhook_endpoint_error"));
    assert_eq!(case.get(&webhook).await.1["endpoint"], case.receiver.url);
}

#[tokio::test]
async fn a_test_event_has_the_key_of_the_request() {
    let case = Case::new().await;
    case.create(json!({"secret": SECRET})).await;
    for (members, key) in [(json!({}), None), (json!({"secret": SECRET}), Some(SECRET))] {
        let sent = case.call(Method::POST, "/webhook/test-endpoint", case.body(members)).await;
        assert_eq!(sent, (200, Value::Null));
        assert_eq!(case.receiver.only().header("x-webhook-key"), key);
    }
    case.receiver.answer(Answer::Status(401));
    let refused = case.call(Method::POST, "/webhook/test-endpoint", case.body(json!({}))).await;
    assert_eq!(code(&refused), (400, "webhook_endpoint_error"));
}

#[tokio::test]
async fn tokens_expire_after_thirty_minutes() {
    let case = Case::new().await;
    let webhook = case.create(json!({})).await;
    let token = case.challenge(&webhook).await;
    assert_eq!(code(&case.check(&webhook, "x").await), (400, "webhook_invalid_token"));
    case.simulator.advance_clock(Duration::from_secs(1800));
    assert_eq!(code(&case.check(&webhook, &token).await), (400, "webhook_invalid_token"));
    let token = case.challenge(&webhook).await;
    case.simulator.advance_clock(Duration::from_secs(1790));
    assert_eq!(case.check(&webhook, &token).await.0, 204);
}
