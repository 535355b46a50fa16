use serde_json::{Value, json};
use simulator::DigicertEvent;

use super::api::Api;
use super::stage::{Ended, Stage};

fn events(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn log_entries_are_selected() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    stage.simulator.send_digicert_event(DigicertEvent::new("order_rejected")).await.unwrap();
    // The webhook endpoint is stopped: a failure without a code.
    drop(local);
    stage.simulator.send_digicert_event(DigicertEvent::new("domain_expired")).await.unwrap();

    let logs = |arguments: &[&str]| stage.webhook(&[&["logs", "--json"], arguments].concat());
    let of = |arguments: &[&str]| -> Vec<String> {
        let entries = events(&logs(arguments));
        entries.iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&["--event", "order_rejected"]), ["order_rejected"]);
    assert_eq!(
        of(&["--event", "order_rejected,challenge_webhook_endpoint"]),
        ["challenge_webhook_endpoint", "order_rejected"]
    );
    assert_eq!(of(&["--failed"]), ["domain_expired"]);
    assert_eq!(of(&["--failed", "--since", "1h"]), ["domain_expired"]);
    assert!(of(&["--code", "200", "--code", "500"]).len() > 3);
    for none in [&["--code", "401"][..], &["--since", "2999-01-01"], &["--event", "x"]] {
        logs(none).refused(3, "no such entry");
    }
    let rejected = &events(&logs(&["--event", "order_rejected"]))[0];
    assert_eq!((&rejected["code"], &rejected["outcome"]), (&json!(200), &json!("success")));
    assert!(rejected["info"]["order_id"].is_u64(), "{rejected}");
    assert!(rejected["sent"].as_str().unwrap().ends_with('Z'), "{rejected}");

    let line = stage.done(&["logs", "--failed"]);
    assert!(line.contains("Z    -  failed   domain_expired"), "{line}");
}

/// The log has three pages, at the address of an older copy of the documentation. No token is shown.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_to_its_end() {
    let entries: Vec<Value> = (0..2500)
        .map(|number| {
            json!({
                "event_name": "challenge_webhook_endpoint",
                "event_info": { "token": "canary-token" },
                "request_status": "success",
                "request_sent_time": "2026-11-01T12:00:00",
                "response_code": if number == 2499 { 503 } else { 200 },
            })
        })
        .collect();
    for has_total in [true, false] {
        let entries = entries.clone();
        let api = Api::start(move |call| {
            let route = json!({ "errors": { "code": "not_found|route", "message": "x" } });
            let Some(query) = call.line.strip_prefix("GET /webhook/event-logs?") else {
                return (404, route);
            };
            let offset = query.strip_prefix("offset=").unwrap().split('&').next().unwrap();
            let offset: usize = offset.parse().unwrap();
            let page = &entries[offset..entries.len().min(offset + 1000)];
            let total = if has_total { json!(2500) } else { Value::Null };
            (200, json!({ "events": page, "page": { "total": total, "offset": offset } }))
        });
        let api = api.await;
        let stage = Stage::new().await;
        let base = [("DIGICERT_API_BASE", api.base.as_str())];
        let logs = ["logs", "--webhook-id", "7", "--json"];
        let ended = stage.webhook_with(&base, &logs);
        assert_eq!(events(&ended).len(), 2500);
        assert!(!ended.out.contains("canary-token"));
        assert_eq!(api.calls().len(), 4, "one refused call, three pages");
        let ended = stage.webhook_with(&base, &[&logs[..], &["--code", "503"]].concat());
        assert_eq!(events(&ended).len(), 1);
    }
}
