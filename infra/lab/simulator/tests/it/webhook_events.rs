use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{DigicertEvent, Outcome, Settings, Withheld};

use crate::account::{Case, SECRET, code, issued};
use crate::receiver::Answer;
use crate::support::{certificates, control, is_signed_by, send};

#[tokio::test]
async fn an_update_changes_only_the_given_parameters() {
    let case = Case::new().await;
    let settings = json!({"webhook_send_certificate_chain": "1"});
    let events = json!(["certificate_issued", "order_rejected"]);
    let given = json!({"secret": SECRET, "events": events, "webhook_settings": settings});
    let webhook = case.subscribe(given).await;
    assert_eq!(case.put(&webhook, case.body(json!({}))).await, (204, Value::Null));
    let (_, same) = case.get(&webhook).await;
    assert_eq!((&same["secret"], &same["events"]), (&json!(SECRET), &events));
    assert_eq!((&same["webhook_settings"], &same["status"]), (&settings, &json!("active")));

    let rotated = SECRET.repeat(2);
    case.receiver.take();
    for (members, key) in
        [(json!({"secret": rotated}), Some(rotated.as_str())), (json!({"secret": ""}), None)]
    {
        assert_eq!(case.put(&webhook, case.body(members)).await.0, 204);
        case.receiver.only();
        assert_eq!(case.event(issued()).await, Outcome::Answered { code: 200 });
        assert_eq!(case.receiver.only().header("x-webhook-key"), key);
    }
    assert!(case.get(&webhook).await.1.get("secret").is_none());

    let moved = json!({"endpoint": format!("{}/moved", case.receiver.url)});
    assert_eq!(case.put(&webhook, moved).await.0, 204);
    case.receiver.take();
    assert_eq!(case.status(&webhook).await, "pending");
    let withheld = Outcome::Withheld { reason: Withheld::NotActive };
    assert_eq!(case.event(issued()).await, withheld);
    let refused = case.put(&format!("{webhook}/activate"), json!({})).await;
    assert_eq!(code(&refused), (400, "webhook_invalid_action"));
    let token = case.challenge(&webhook).await;
    assert_eq!(case.check(&webhook, &token).await.0, 204);
    assert_eq!(case.put(&format!("{webhook}/activate"), json!({})).await.0, 204);
    assert_eq!(case.event(issued()).await, Outcome::Answered { code: 200 });
}

#[tokio::test]
async fn a_challenge_that_does_not_arrive_is_in_the_log() {
    let case = Case::new().await;
    let webhook = case.create(json!({})).await;
    case.receiver.answer(Answer::Status(401));
    assert_eq!(case.put(&format!("{webhook}/send-challenge"), json!({})).await.0, 204);
    let (_, log) = case.get(&format!("{webhook}/event-logs?offset=1")).await;
    let entry = &log["events"][0];
    assert_eq!(entry["event_name"], "challenge_webhook_endpoint");
    assert_eq!(
        (&entry["request_status"], &entry["response_code"]),
        (&json!("failed"), &json!(401))
    );
    assert!(entry.get("event_info").is_none());
}

#[tokio::test]
async fn events_are_sent_according_to_the_settings() {
    let case = Case::new().await;
    let events = json!(["certificate_issued"]);
    let webhook = case.subscribe(json!({"events": events})).await;
    let withheld = |reason| Outcome::Withheld { reason };
    assert_eq!(
        case.event(DigicertEvent::new("certificate_revoked")).await,
        withheld(Withheld::NotSubscribed)
    );
    assert_eq!(case.event(issued().instantly()).await, withheld(Withheld::InstantIssuanceOff));
    assert_eq!(case.event(issued()).await, Outcome::Answered { code: 200 });
    let plain = case.receiver.only();
    let data = json!({"order_id": 470_000_003, "certificate_id": 470_011_114});
    assert_eq!(plain.json(), json!({"event": "certificate_issued", "data": data}));

    for (settings, later, instant) in [
        (json!({"webhook_send_certificate_chain": "1"}), true, None),
        (json!({"instant_issue_webhook_notification": true}), false, Some(false)),
        (
            json!({
                "instant_issue_webhook_notification": 1,
                "webhook_send_instant_issued_certificate_chain": "1",
            }),
            false,
            Some(true),
        ),
    ] {
        case.put(&webhook, case.body(json!({"webhook_settings": settings}))).await;
        case.receiver.take();
        case.event(issued()).await;
        assert_eq!(has_chain(&case.receiver.only().json()), later, "{settings}");
        case.event(issued().instantly()).await;
        let received = case.receiver.take();
        let had = received.first().map(|received| has_chain(&received.json()));
        assert_eq!(had, instant, "{settings}");
    }
}

/// Whether the event has a chain, which must be valid.
fn has_chain(event: &Value) -> bool {
    let Some(links) = event["data"]["certificate_chain"].as_array() else {
        return false;
    };
    let pem = |link: &Value| link["pem"].as_str().unwrap().to_owned();
    assert!(links.iter().all(|link| pem(link).ends_with("-----END CERTIFICATE-----\r\n")));
    let chain: Vec<_> = links.iter().flat_map(|link| certificates(&pem(link))).collect();
    assert_eq!(chain.len(), 3);
    assert!(is_signed_by(&chain[0], &chain[1]) && is_signed_by(&chain[1], &chain[2]));
    let name = format!("www-{}.example.com", event["data"]["certificate_id"]);
    assert_eq!(links[0]["subject_common_name"], name);
    true
}

#[tokio::test]
async fn sent_events_and_status_changes_can_be_listed() {
    let case = Case::new().await;
    assert_eq!(case.get("/order/certificate/status-changes?minutes=5").await, (200, json!({})));
    let webhook = case.subscribe(json!({"events": ["certificate_issued"]})).await;
    let event = |name: &str, order: u64| {
        let data = json!({"order_id": order, "certificate_id": order + 1});
        json!({"event": name, "data": data, "instant": order == 30})
    };
    let mut outcomes = Vec::new();
    for (name, order, status) in [
        ("certificate_issued", 10, 200),
        ("certificate_issued", 20, 503),
        ("certificate_issued", 30, 200),
        ("certificate_revoked", 10, 200),
    ] {
        case.receiver.answer(Answer::Status(status));
        let (status, body) =
            control(&case.simulator, Method::POST, "digicert/events", &event(name, order)).await;
        assert_eq!(status, 200);
        outcomes.push(body["code"].as_u64().map_or(body["reason"].clone(), |code| json!(code)));
    }
    assert_eq!(json!(outcomes), json!([200, 503, "instant_issuance_off", "not_subscribed"]));

    let order =
        |id: u64, status| json!({"order_id": id, "certificate_id": id + 1, "status": status});
    let all = json!({"orders": [order(10, "revoked"), order(30, "issued"), order(20, "issued")]});
    assert_eq!(case.get("/order/certificate/status-changes?minutes=5").await, (200, all));
    let path = "/order/certificate/status-changes";
    let too_long = case.get(&format!("{path}?minutes=10081")).await;
    assert_eq!(code(&too_long), (400, "time_frame_too_long"));
    assert_eq!(code(&case.get(path).await), (400, "invalid_parameter"));
    case.simulator.advance_clock(Duration::from_secs(600));
    assert_eq!(case.get(&format!("{path}?minutes=5")).await, (200, json!({})));

    let (_, log) = case.get(&format!("{webhook}/event-logs")).await;
    assert_eq!(log["page"]["total"], 4);
    let (_, log) = case.get("/webhook/event-logs?limit=1&offset=2").await;
    assert_eq!(log["page"], json!({"total": 4, "limit": 1, "offset": 2}));
    let entry = &log["events"][0];
    assert_eq!(entry["event_info"], json!({"order_id": 10, "certificate_id": 11}));
    assert_eq!(
        (&entry["request_status"], &entry["response_code"]),
        (&json!("success"), &json!(200))
    );
    for time in ["request_sent_time", "response_received_time"] {
        let text = entry[time].as_str().unwrap();
        assert_eq!((text.len(), text.as_bytes()[10]), (19, b'T'), "{text}");
    }
}

#[tokio::test]
async fn a_view_only_key_may_read_and_not_write() {
    let settings = Settings {
        digicert_api_key: Some("admin".into()),
        digicert_view_only_key: Some("viewer".into()),
        ..Settings::default()
    };
    let case = Case::with(settings).await;
    let call = async |key: &str, method: Method, path: &str| {
        let url = format!("{}{path}", case.simulator.digicert_base());
        send(method, &url, &[("x-dc-devkey", key)], &case.body(json!({}))).await
    };
    let denied = (403, "access_denied|missing_permission");
    assert_eq!(code(&call("viewer", Method::POST, "/webhook").await), denied);
    assert_eq!(call("admin", Method::POST, "/webhook").await.0, 201);
    assert_eq!(call("viewer", Method::GET, "/webhook").await.0, 200);
    assert_eq!(call("viewer", Method::GET, "/webhook/event-logs").await.0, 200);
    assert_eq!(call("viewer", Method::GET, "/order/certificate/5").await.0, 200);
    for path in ["", "/send-challenge", "/activate", "/deactivate"] {
        let path = format!("/webhook/12345{path}");
        assert_eq!(code(&call("viewer", Method::PUT, &path).await), denied);
    }
    assert_eq!(code(&call("viewer", Method::DELETE, "/webhook/12345").await), denied);
    let wrong = call("wrong", Method::GET, "/webhook").await;
    assert_eq!(code(&wrong), (403, "access_denied|access_denied_invalid_key"));
}
