//! The two documented spellings of settings, of which CertCentral may accept only one.

use serde_json::{Value, json};

use super::api::{Api, Call};
use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_set_and_others_stay() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    let create = ["create", "--endpoint", &url, "--frequency", "30", "--instant-issue", "on"];
    stage.done(&create);
    let there = stage.remote_webhook().await;
    assert_eq!(
        there["webhook_settings"],
        json!({ "instant_issue_webhook_notification": "1", "webhook_notification_frequency": [30] })
    );
    assert_eq!(there["events"], json!(["certificate_issued"]), "absent: CertCentral's default");

    stage.done(&["update", "--chain", "true"]);
    let there = stage.remote_webhook().await;
    assert_eq!(
        there["webhook_settings"],
        json!({
            "instant_issue_webhook_notification": "1",
            "webhook_notification_frequency": [30],
            "webhook_send_certificate_chain": "1",
        })
    );
    stage.done(&["update", "--event", "domain_expired,domain_validated"]);
    let after = stage.remote_webhook().await;
    assert_eq!(after["events"], json!(["domain_expired", "domain_validated"]));
    assert_eq!(after["webhook_settings"], there["webhook_settings"]);

    stage.done(&["update", "--endpoint", &local.url("/webhooks/digicert?x"), "--chain", "0"]);
    let moved = stage.remote_webhook().await;
    assert_eq!(moved["status"], "pending");
    assert_eq!(moved["events"], after["events"]);
    assert_eq!(moved["webhook_settings"]["webhook_send_certificate_chain"], "0");
}

/// An API that accepts one spelling of the settings only, or none, and refuses or ignores the rest.
async fn picky(refuses: bool, accepts_one: bool) -> Api {
    let kept = std::sync::Mutex::new(json!({}));
    Api::start(move |call: &Call| {
        let settings = &call.body["webhook_settings"];
        let is_understood = accepts_one && settings["webhook_send_certificate_chain"].is_boolean();
        if !settings.is_null() && !is_understood && refuses {
            let error = json!({ "code": "invalid_type", "message": "must be a boolean" });
            return (400, json!({ "errors": [error] }));
        }
        if is_understood {
            *kept.lock().unwrap() = settings.clone();
        }
        match call.line.as_str() {
            "POST /webhook" => (201, json!({ "webhook_id": 7 })),
            "PUT /webhook/7" => (204, Value::Null),
            _ => (
                200,
                json!({ "webhooks": [{
                "id": 7, "endpoint": "https://hooks.example.com/", "status": "pending",
                "events": ["certificate_issued"], "webhook_settings": *kept.lock().unwrap(),
            }] }),
            ),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_spelling_is_sent_where_the_first_is_not_accepted() {
    let stage = Stage::new().await;
    for refuses in [false, true] {
        for command in [&["create", "--endpoint", "https://hooks.example.com/"][..], &["update"]] {
            let api = picky(refuses, true).await;
            let base = [("DIGICERT_API_BASE", api.base.as_str())];
            let arguments = [command, &["--chain", "on", "--json"]].concat();
            let shown = stage.webhook_with(&base, &arguments).json();
            assert_eq!(shown["webhook_settings"]["webhook_send_certificate_chain"], true);

            let api = picky(refuses, false).await;
            let base = [("DIGICERT_API_BASE", api.base.as_str())];
            let expected = if refuses { "must be a boolean" } else { "ignored webhook_send" };
            stage.webhook_with(&base, &arguments).refused(1, expected);
        }
    }
}

/// CertCentral's message may quote the request.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_quotes_a_secret_is_not_shown() {
    let stage = Stage::new().await;
    let api = Api::start(|call: &Call| {
        let message = format!("not good: {}", call.body);
        (400, json!({ "errors": [{ "code": "invalid_parameter", "message": message }] }))
    });
    let api = api.await;
    let base = [("DIGICERT_API_BASE", api.base.as_str())];
    let create = ["create", "--endpoint", "https://hooks.example.com/"];
    let ended = stage.webhook_with(&base, &create);
    ended.refused(1, "code invalid_parameter): not good: {\"endpoint\"");
    let ended = stage.webhook_with(&base, &[&create[..], &["--secret-from-state"]].concat());
    assert!(ended.err.ends_with("(status 400, code invalid_parameter)\n"), "{ended:?}");
    let ended = stage.webhook_with(&base, &["verify", "canary-token", "--webhook-id", "7"]);
    assert!(ended.err.ends_with("(status 400, code invalid_parameter)\n"), "{ended:?}");
}
