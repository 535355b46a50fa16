use reqwest::Method;
use serde_json::{Value, json};
use simulator::{CloudflareEvent, Settings, Simulator};

use crate::receiver::{Answer, Receiver};
use crate::support::{control, send, start};

const WEBHOOKS: &str = "destinations/webhooks";
const ALERT: &str = "custom_ssl_certificate_event_type";

struct Case {
    simulator: Simulator,
    receiver: Receiver,
}

impl Case {
    async fn new() -> Self {
        let simulator = start(Settings::default()).await;
        Self { simulator, receiver: Receiver::start().await }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let base = self.simulator.cloudflare_base();
        send(method, &format!("{base}/accounts/acc/alerting/v3/{path}"), &[], &body).await
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!((status, &body["success"]), (200, &json!(true)), "{path}");
        body["result"].clone()
    }

    async fn create(&self, path: &str, body: Value) -> String {
        let (status, body) = self.call(Method::POST, path, body).await;
        assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
        body["result"]["id"].as_str().unwrap().to_owned()
    }

    fn destination(&self, secret: &str) -> Value {
        json!({"name": "certhooks", "url": self.receiver.url, "secret": secret})
    }

    async fn subscribe(&self, secret: &str) -> (String, String) {
        let destination = self.create(WEBHOOKS, self.destination(secret)).await;
        let policy = self.create("policies", policy(&[&destination])).await;
        self.receiver.take();
        (destination, policy)
    }
}

fn policy(destinations: &[&str]) -> Value {
    let webhooks: Vec<_> = destinations.iter().map(|id| json!({"id": id})).collect();
    json!({
        "name": "certificates",
        "description": "",
        "enabled": true,
        "alert_type": ALERT,
        "mechanisms": {"webhooks": webhooks},
        "filters": {},
    })
}

fn refused(answer: &(u16, Value)) -> String {
    assert_eq!((answer.0, &answer.1["success"]), (400, &json!(false)), "{}", answer.1);
    answer.1["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_destination_is_tested_when_it_is_created_and_updated() {
    let case = Case::new().await;
    for (answer, status) in [(Answer::Status(401), "401"), (Answer::Redirect, "307")] {
        case.receiver.answer(answer);
        let answer = case.call(Method::POST, WEBHOOKS, case.destination("s")).await;
        assert!(refused(&answer).contains(status));
    }
    assert_eq!(case.get(WEBHOOKS).await, json!([]));
    case.receiver.take();
    case.receiver.answer(Answer::Status(202));
    let id = case.create(WEBHOOKS, case.destination("first")).await;
    let hello = case.receiver.only();
    assert_eq!(hello.header("cf-webhook-auth"), Some("first"));
    assert!(hello.json()["text"].as_str().unwrap().starts_with("Hello World! "));
    assert_eq!((hello.body.len(), hello.json().as_object().unwrap().len()), (140, 1));

    let path = format!("{WEBHOOKS}/{id}");
    let shown = case.get(&path).await;
    assert_eq!(case.get(WEBHOOKS).await, json!([shown]));
    assert_eq!((&shown["id"], &shown["url"]), (&json!(id), &json!(case.receiver.url)));
    assert_eq!((&shown["type"], &shown["last_failure"]), (&json!("generic"), &json!(null)));
    assert!(shown["last_success"].is_string() && !shown.to_string().contains("first"));

    let renamed = json!({"name": "renamed", "url": case.receiver.url});
    assert_eq!(case.call(Method::PUT, &path, renamed).await.0, 200);
    assert_eq!(case.receiver.only().header("cf-webhook-auth"), Some("first"));
    case.receiver.answer(Answer::Status(500));
    refused(&case.call(Method::PUT, &path, case.destination("second")).await);
    let shown = case.get(&path).await;
    assert_eq!((&shown["name"], shown["last_failure"].is_string()), (&json!("renamed"), true));
    case.receiver.answer(Answer::Status(200));
    assert_eq!(case.call(Method::PUT, &path, case.destination("second")).await.0, 200);
    case.receiver.take();
    assert_eq!(case.call(Method::DELETE, &path, Value::Null).await.0, 200);
    let (status, gone) = case.call(Method::GET, &path, Value::Null).await;
    assert_eq!((status, &gone["errors"][0]["code"]), (404, &json!(7003)));
}

#[tokio::test]
async fn policies_name_existing_destinations() {
    let case = Case::new().await;
    let message = refused(&case.call(Method::POST, "policies", policy(&["nobody"])).await);
    assert!(message.contains("nobody"), "{message}");

    let (destination, id) = case.subscribe("s").await;
    let path = format!("policies/{id}");
    let shown = case.get(&path).await;
    for (member, value) in policy(&[&destination]).as_object().unwrap() {
        assert_eq!(&shown[member], value);
    }
    assert_eq!(case.get("policies").await, json!([shown]));
    for (member, value) in [
        ("alert_type", json!("on_fire")),
        ("enabled", json!("yes")),
        ("mechanisms", json!({"webhooks": []})),
        ("mechanism", json!({})),
    ] {
        let mut body = policy(&[&destination]);
        body[member] = value;
        assert!(refused(&case.call(Method::POST, "policies", body).await).contains(member));
    }
    let mut partial = policy(&[&destination]);
    partial.as_object_mut().unwrap().remove("name");
    assert!(refused(&case.call(Method::POST, "policies", partial).await).contains("name"));

    // As in a rotation: create a new destination, change the policy, delete the old destination.
    let old = format!("{WEBHOOKS}/{destination}");
    let message = refused(&case.call(Method::DELETE, &old, Value::Null).await);
    assert!(message.contains(&id), "{message}");
    let new = case.create(WEBHOOKS, case.destination("new")).await;
    let moved = json!({"mechanisms": {"webhooks": [{"id": new}]}});
    assert_eq!(case.call(Method::PUT, &path, moved).await.0, 200);
    assert_eq!(case.call(Method::DELETE, &old, Value::Null).await.0, 200);
    assert_eq!(case.get(&path).await["name"], "certificates");
    case.receiver.take();
    let event = CloudflareEvent::new("acc", "issuance.succeeded");
    let sent = case.simulator.send_cloudflare_event(event).await.unwrap();
    assert_eq!((sent.len(), sent[0].code, &sent[0].destination_id), (1, Some(200), &new));
    assert_eq!(case.receiver.only().header("cf-webhook-auth"), Some("new"));
    assert_eq!(case.call(Method::DELETE, &path, Value::Null).await.0, 200);
    assert_eq!(case.call(Method::GET, &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn notifications_go_to_the_destinations_of_enabled_policies() {
    let case = Case::new().await;
    let (destination, policy_id) = case.subscribe("s").await;
    let mut disabled = policy(&[&destination]);
    disabled["enabled"] = json!(false);
    case.create("policies", disabled).await;
    let mut other = policy(&[&destination]);
    other["alert_type"] = json!("universal_ssl_event_type");
    case.create("policies", other).await;

    let event = json!({"account": "acc", "event": "validation.failed", "hostname_id": "abc"});
    let (status, body) = control(&case.simulator, Method::POST, "cloudflare/events", &event).await;
    let sent = json!({"policy_id": policy_id, "destination_id": destination, "code": 200});
    assert_eq!((status, body), (200, json!({"notifications": [sent]})));
    let received = case.receiver.only();
    assert_eq!(received.header("cf-webhook-auth"), Some("s"));
    let envelope = received.json();
    assert_eq!((&envelope["alert_type"], &envelope["account_id"]), (&json!(ALERT), &json!("acc")));
    assert_eq!(envelope["policy_id"], policy_id);
    let inner = &envelope["data"];
    let kind = "ssl.custom_hostname_certificate.validation.failed";
    assert_eq!(inner["metadata"]["event"]["type"], kind);
    assert_eq!(
        (&inner["data"]["id"], &inner["data"]["hostname"]),
        (&json!("abc"), &json!("host-abc.example.com"))
    );
    assert_eq!(inner["data"]["ssl"]["status"], "pending_validation");
    assert!(inner["data"]["ssl"]["validation_errors"][0]["message"].is_string());

    case.receiver.answer(Answer::Status(500));
    let document = json!({"metadata": {"event": {"type": "x"}}, "data": {}});
    let event = json!({"account": "acc", "event": "", "document": document});
    control(&case.simulator, Method::POST, "cloudflare/events", &event).await;
    assert_eq!(case.receiver.only().json()["data"], document);
    let shown = case.get(&format!("{WEBHOOKS}/{destination}")).await;
    assert!(shown["last_failure"].is_string());

    for event in [
        json!({"account": "acc", "event": "issuance.suceeded"}),
        json!({"account": "acc", "event": "issuance.failed", "hostname_id": "../x"}),
        json!({"event": "issuance.failed"}),
    ] {
        let (status, body) =
            control(&case.simulator, Method::POST, "cloudflare/events", &event).await;
        assert_eq!((status, body["error"].is_string()), (400, true), "{event}");
    }
    let nobody = CloudflareEvent::new("other", "renewal.failed").of_hostname("abc");
    assert_eq!(case.simulator.send_cloudflare_event(nobody).await.unwrap(), []);
    assert!(case.receiver.take().is_empty());
}

#[tokio::test]
async fn destinations_must_be_https_or_loopback() {
    let case = Case::new().await;
    for body in [
        json!({"name": "x", "url": "http://webhook.example.com/"}),
        json!({"name": "", "url": case.receiver.url}),
        json!({"name": "x", "url": case.receiver.url, "secret": "a\nb"}),
        json!({"name": "x", "url": case.receiver.url, "secret": 5}),
        json!({"url": case.receiver.url}),
    ] {
        refused(&case.call(Method::POST, WEBHOOKS, body).await);
    }
    assert!(case.receiver.take().is_empty());
}

#[tokio::test]
async fn the_history_has_what_was_sent_whether_or_not_it_was_taken() {
    let case = Case::new().await;
    case.subscribe("s").await;
    for status in [200, 503] {
        case.receiver.answer(Answer::Status(status));
        let event = CloudflareEvent::new("acc", "issuance.succeeded");
        case.simulator.send_cloudflare_event(event).await.unwrap();
    }
    let records = case.get("history?per_page=10&page=1").await;
    let records = records.as_array().unwrap();
    assert_eq!(records.len(), 2);
    for record in records {
        assert_eq!(record["mechanism_type"], "webhook");
        assert!(record["alert_body"]["metadata"]["event"]["type"].is_string());
    }
    assert_eq!(case.get("history?per_page=1&page=2").await.as_array().unwrap().len(), 1);
    assert_eq!(case.get("history?before=2020-01-01T00:00:00Z").await, json!([]));
}
