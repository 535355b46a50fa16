//! The sources of the keys, and the changes to the webhook's secret.

use serde_json::Value;

use super::stage::{API_KEY, FIRST_KEY, Stage};
use crate::harness::DIGICERT_KEY;

const OTHER_KEY: &str = "canary-other-webhook-key-0123456789abcdef";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_key_comes_from_a_file_standard_input_the_environment_or_the_state() {
    let stage = Stage::new().await;
    let none = [("DIGICERT_API_KEY", "")];
    let wrong = [("DIGICERT_API_KEY", "wrong")];
    stage.webhook_with(&none, &["list"]).refused(2, "DIGICERT_API_KEY");

    let file = stage.file("api-key", &format!("{API_KEY}\n"));
    let in_json = stage.file("api-key.json", &format!("{{\"api_key\": \"{API_KEY}\"}}"));
    for file in [&file, &in_json] {
        let ended = stage.webhook_with(&wrong, &["list", "--api-key-file", file]);
        ended.refused(3, "no webhook");
    }
    let arguments = ["list", "--api-key-file", "-"];
    stage.webhook_fed(&wrong, &arguments, &format!("{API_KEY}\n")).refused(3, "no webhook");
    stage.webhook_fed(&wrong, &arguments, " \n").refused(2, "is empty");
    let missing = stage.webhook_with(&none, &["list", "--api-key-file", "/nowhere/key"]);
    missing.refused(2, "--api-key-file /nowhere/key: No such file");

    stage.store("digicert_api_key", API_KEY);
    stage.webhook_with(&none, &["list"]).refused(3, "no webhook");
    stage.webhook_with(&wrong, &["list"]).refused(1, "access_denied_invalid_key");
    stage.store("digicert_api_key", "not-filled-in");
    stage.webhook_with(&none, &["list"]).refused(2, "never filled in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_set_kept_and_removed() {
    let stage = Stage::new().await;
    let local = stage.start_local();
    let url = local.url("/webhooks/digicert");
    let file = stage.file("webhook-key", OTHER_KEY);

    stage.done(&["create", "--endpoint", &url, "--secret-file", &file]);
    assert_eq!(stage.remote_webhook().await["secret"], OTHER_KEY);
    stage.done(&["update", "--event", "certificate_issued"]);
    assert_eq!(
        stage.remote_webhook().await["secret"],
        OTHER_KEY,
        "it stays where no option names one"
    );
    // The endpoint has another key than CertCentral, whose key the test event carries.
    stage.webhook(&["test"]).refused(1, "webhook_endpoint_error");

    stage.done(&["update", "--secret-from-state"]);
    assert_eq!(stage.remote_webhook().await["secret"], FIRST_KEY);
    stage.done(&["test"]);
    stage.done(&["update", "--remove-secret"]);
    assert_eq!(stage.remote_webhook().await["secret"], Value::Null);
    stage.webhook_fed(&[], &["update", "--secret-file", "-"], OTHER_KEY).done();
    assert_eq!(stage.remote_webhook().await["secret"], OTHER_KEY);
    let by_variable = [("DIGICERT_WEBHOOK_KEY", DIGICERT_KEY)];
    stage.webhook_with(&by_variable, &["update", "--secret-from-state"]).done();
    assert_eq!(stage.remote_webhook().await["secret"], DIGICERT_KEY);

    for arguments in [
        ["update", "--remove-secret", "--secret-from-state"].as_slice(),
        &["test", "--without-secret", "--secret-file", "-"],
        &["update", "--secret-from-state", "--secret-file", "-"],
    ] {
        let ended = stage.webhook(arguments);
        assert_eq!(ended.code, 2, "{ended:?}");
    }
    let both = ["update", "--secret-file", "-", "--api-key-file", "-"];
    stage.webhook_fed(&[], &both, OTHER_KEY).refused(2, "one secret, not two");
    assert_eq!(stage.remote_webhook().await["secret"], DIGICERT_KEY);
}
