//! Cloudflare: documents alone and inside a notification, the test message, missing members.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{delivers_only, event};
use crate::harness::{Local, events_folder, tail};
use crate::wire::{CLOUDFLARE, Request};

fn sample(name: &str) -> Value {
    let path = events_folder().join("cloudflare").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The test message of a new destination is recognised by its form, since its text is not documented.
#[test]
fn the_test_message_reaches_no_consumer() {
    let local = Local::start(&[]);
    for body in [
        sample("test_message.json").to_string(),
        r#"{"text":"Hello World! ... your webhook is configured correctly."}"#.to_owned() + "\n",
        r#"{"text":"¡Hola!"}"#.to_owned(),
    ] {
        let answer = Request::cloudflare(&*body).send(&local);
        assert_eq!(answer.accepted(), [""; 0], "{body}");
    }
    // A test message needs the secret too.
    Request::bare(CLOUDFLARE, r#"{"text":"Hello"}"#).send(&local).refused(401);
    // An event with a text is not a test message.
    let mut worded: Value = serde_json::from_str(&event(CLOUDFLARE, 1)).unwrap();
    worded["text"] = "Hello World!".into();
    let alert = json!({ "text": "Hello World!", "alert_type": "billing_usage_alert" });
    let ids = [worded, alert]
        .map(|body| Request::cloudflare(body.to_string()).send(&local).accepted_one());
    delivers_only(&local, &ids);
}

/// The id depends on the inner document only, not on its formatting or the notification around it.
#[test]
fn wrapped_and_bare_are_the_same_event() {
    let local = Local::start(&[]);
    let bare = sample("deletion_succeeded.json");
    let (metadata, data) = (&bare["metadata"], &bare["data"]);
    let wrapped = |ts: u64, alert: &str| {
        json!({ "name": "n", "text": "t", "data": &bare, "ts": ts, "alert_type": alert })
            .to_string()
    };
    let id = Request::cloudflare(bare.to_string()).send(&local).accepted_one();
    local.settle();
    for body in [
        serde_json::to_string_pretty(&bare).unwrap(),
        format!("{{\"data\":{data},\n\t\"metadata\":{metadata}}}"),
        bare.to_string().replace("example", "ex\\u0061mple"),
        format!(r#"{{"extra":1,"metadata":{metadata},"data":{data}}}"#),
        wrapped(1, "custom_ssl_certificate_event_type"),
        wrapped(2, "custom_ssl_certificate_event_type"),
        json!({ "data": &bare }).to_string(),
    ] {
        assert_eq!(Request::cloudflare(&*body).send(&local).accepted_one(), id, "{body:.200}");
    }
    // A `.failed` event may be sent again with the same `event.id` and other content, as another event.
    let mut other = bare;
    other["data"]["ssl"]["status"] = "deleting".into();
    let other = Request::cloudflare(other.to_string()).send(&local).accepted_one();
    assert_ne!(other, id);
    delivers_only(&local, &[id, other]);
}

#[test]
fn notifications_of_another_kind() {
    let local = Local::start(&[]);
    let sent = [
        (sample("notification_unrelated_alert.json"), "health_check_status_notification"),
        (json!({ "alert_type": "billing_usage_alert", "data": null }), "billing_usage_alert"),
        (json!({ "alert_type": "a", "data": { "b": [1] }, "text": "t" }), "a"),
        (json!({ "alert_type": "../../x\r\n", "data": "d" }), "../../x\r\n"),
        (
            json!({ "metadata": { "event": { "type": "ssl.other.thing" } }, "data": {} }),
            "ssl.other.thing",
        ),
        (json!({ "data": { "event_type": "some.thing" } }), "some.thing"),
    ]
    .map(|(body, name)| {
        (Request::cloudflare(body.to_string()).send(&local).accepted_one(), body, name)
    });
    let ids = sent.each_ref().map(|(id, ..)| id.clone());
    let events = delivers_only(&local, &ids);
    for (id, body, name) in sent {
        let event = events.iter().find(|event| event["id"] == id.as_str()).unwrap();
        assert_eq!(event["type"], "certhooks.unrecognised");
        assert_eq!(event["data"]["event"], name);
        assert_eq!(event["data"]["payload"], body);
        assert!(!event["subject"].as_str().unwrap().contains(char::is_control));
    }
}

/// "Every member may be null, empty or missing": first each member, then all of them.
#[test]
fn missing_members() {
    let local = Local::start(&[]);
    let whole = sample("notification_issuance_succeeded.json");
    let mut bodies = Vec::new();
    for pointer in pointers(&whole, String::new()) {
        if pointer == "/alert_type" {
            continue;
        }
        for stand_in in [Value::Null, json!(""), json!({}), json!([]), json!(7), json!([null, ""])]
        {
            let mut body = whole.clone();
            *body.pointer_mut(&pointer).unwrap() = stand_in;
            bodies.push((pointer.clone(), body));
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut body = whole.clone();
        match body.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(name)),
            Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
            _ => unreachable!(),
        }
        bodies.push((pointer, body));
    }
    let mut nothing = whole.clone();
    nulled(&mut nothing);
    nothing["alert_type"] = "custom_ssl_certificate_event_type".into();
    bodies.push(("all".to_owned(), nothing));

    // A change around the document does not change its id.
    let mut ids = vec![Request::cloudflare(whole.to_string()).send(&local).accepted_one()];
    local.settle();
    ids.extend(bodies.iter().map(|(pointer, body)| {
        let answer = Request::cloudflare(body.to_string()).send(&local);
        assert_eq!(answer.status, 200, "{pointer} {body}");
        answer.accepted_one()
    }));
    local.settle();
    let events = tail(local.state.path());
    // An event whose call-back failed, and that comes again, is delivered again under an id of its own.
    let (first, again): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event["causationid"].is_null());
    let delivered: BTreeSet<_> = first.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(delivered.len(), first.len(), "an event was delivered twice");
    assert_eq!(delivered, ids.iter().map(String::as_str).collect());
    for event in again {
        assert!(delivered.contains(event["causationid"].as_str().unwrap()), "{event}");
        assert_eq!(event["data"]["callback"]["reason"], "unusable_id", "{event}");
    }
}

/// The pointers of every member and element below a value.
fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (format!("{at}/{name}"), value)).collect()
        }
        Value::Array(elements) => {
            (0..).zip(elements).map(|(index, value)| (format!("{at}/{index}"), value)).collect()
        }
        _ => Vec::new(),
    };
    let deeper = below.into_iter().flat_map(|(at, value)| {
        let mut all = vec![at.clone()];
        all.extend(pointers(value, at));
        all
    });
    deeper.collect()
}

fn nulled(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(nulled),
        Value::Array(elements) => elements.iter_mut().for_each(nulled),
        other => *other = Value::Null,
    }
}

/// Names and ids from outside must not become a path or a log line of their own.
#[test]
fn hostile_names_and_ids() {
    let local = Local::start(&[]);
    let mut ids = Vec::new();
    for (hostname_id, zone_id, hostname) in [
        ("../../x", "z1", "a.example.com"),
        ("h1", "../../zones", "a.example.com"),
        ("h1?x=1", "z1", "a.example.com"),
        ("h1", "z1#", "a.example.com"),
        ("h1\r\nX: y", "z1", "a.example.com"),
        ("h/1", "z1", "evil.example.com\r\nX-Injected: yes"),
        ("..", "z1", "\u{1b}[2Jevil/../.."),
        (".", "z1", "a.example.com"),
    ] {
        let body = json!({
            "metadata": {
                "event": { "type": "ssl.custom_hostname_certificate.issuance.succeeded" },
                "zone": { "id": zone_id },
            },
            "data": { "id": hostname_id, "hostname": hostname },
        });
        ids.push(Request::cloudflare(body.to_string()).send(&local).accepted_one());
    }
    for event in delivers_only(&local, &ids) {
        let callback = &event["data"]["callback"];
        assert_eq!(
            (&callback["outcome"], &callback["reason"]),
            (&json!("failed"), &json!("unusable_id"))
        );
        for member in ["subject", "source"] {
            let text = event[member].as_str().unwrap();
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.split('/').all(|segment| !["..", "."].contains(&segment)), "{text:?}");
        }
        assert_eq!(event["subject"].as_str().unwrap().split('/').count(), 3);
    }
}
