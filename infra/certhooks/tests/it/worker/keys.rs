use std::fs;

use envelope::Provider;
use providers::profile;
use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::canned::Canned;
use crate::documents::{deployed, issued, observed, phishing, rejected};
use crate::harness::{Local, tail};
use crate::providers::{Providers, api_key, called};

/// The event must be retried after 15 minutes and logged as an error, and not be delivered.
fn assert_held(local: &Local, id: &str) {
    let retries = local.retries(id, 1);
    assert_eq!(retries[0]["delay_seconds"], 900, "{retries:?}");
    assert_eq!(retries[0]["level"], "ERROR", "{retries:?}");
    let message = retries[0]["message"].as_str().unwrap();
    assert!(message.contains("API key"), "{message}");
    // The retry is logged at the end of the attempt, and the next one is far away.
    assert!(tail(local.state.path()).iter().all(|event| event["id"] != id));
}

#[test]
fn a_refused_key_holds_the_events_of_its_provider() {
    let providers = Providers::start();
    let local = providers.local(&[("META_DOMAINS", "example.com")]);
    for path in ["/services/v2/certificate/9", "/services/v2/order", "/client/v4", "/graph"] {
        providers.faults().add(Rule::new(path, Fault::KeyRefused));
    }
    for event in [
        issued(9001),
        rejected(9002),
        deployed("z", "h9003"),
        observed("9004"),
        phishing("9005", &["evil.example"]),
    ] {
        assert_held(&local, &providers.send_one(&local, &event));
    }
    // Other events are delivered.
    let id = providers.send_one(&local, &issued(8001));
    assert_eq!(local.event(&id)["data"]["callback"]["outcome"], "downloaded");
}

#[test]
fn a_wrong_key_in_the_settings_holds_the_events() {
    let providers = Providers::start();
    let local = providers.local(&[("CLOUDFLARE_API_TOKEN", "another"), ("DIGICERT_API_KEY", "x")]);
    for event in [deployed("z", "h1"), issued(9101), rejected(9102)] {
        assert_held(&local, &providers.send_one(&local, &event));
    }
}

/// Whatever spoiled it, it is not sent, and the log names it.
#[test]
fn a_key_that_cannot_be_one_is_as_a_refused_one_without_a_call() {
    let providers = Providers::start();
    for key in [
        "canary-abc\ndef",
        "{'api_key': 'canary-abc'}",
        "{\"api_key\": \"canary-abc\"",
        "\u{feff}{\"api_key\": \"canary-abc\", \"api_token\": \"x\", \"access_token\": \"x\"}",
        "\"canary-abc\"",
    ] {
        let variables = || called().map(|row| row.api.secret.variable);
        let local = providers.local(&variables().map(|name| (name, key)).collect::<Vec<_>>());
        for row in called() {
            let event = (row.samples.event)(9301).parse().unwrap();
            assert_held(&local, &providers.send_one(&local, &event));
        }
        for name in variables() {
            local.logged(1, |line| line["level"] == "ERROR" && line["variable"] == name);
        }
        assert!(local.log().iter().all(|line| !line.contains("canary-abc")));
    }
    assert!(providers.seen("").is_empty(), "{:?}", providers.seen(""));
}

/// Statuses and error codes that the simulator does not produce.
#[test]
fn refusals_of_each_kind_hold() {
    let graph = |code: u32| json!({"error": {"code": code, "type": "OAuthException"}}).to_string();
    let cloudflare = json!({"success": false, "errors": [{"code": 10000}]}).to_string();
    let canned = Canned::start(move |target| match target {
        target if target.contains("unauthenticated") => (401, cloudflare.clone()),
        target if target.contains("unauthorized") => (403, cloudflare.clone()),
        target if target.contains("tokens/verify") => (401, cloudflare.clone()),
        target if target.starts_with("/102") => (400, graph(102)),
        target if target.starts_with("/190") => (401, graph(190)),
        target if target.contains("order") => {
            let error = json!({"code": "access_denied|access_denied_invalid_key", "message": ""});
            // A single object instead of a list, as in one client's fixture.
            (403, json!({"errors": error}).to_string())
        }
        _ => (404, String::new()),
    });
    let providers = Providers::start();
    let base = format!("http://{}", canned.address);
    let bases = called().map(|row| (row.api.base_variable, base.as_str()));
    let local = providers.local(&bases.collect::<Vec<_>>());
    for event in [
        deployed("z", "unauthenticated"),
        deployed("z", "unauthorized"),
        observed("102"),
        observed("190"),
        rejected(1),
    ] {
        assert_held(&local, &providers.send_one(&local, &event));
    }
}

/// A held event is retried with the new key.
#[test]
fn the_key_of_the_secrets_file_is_read_again_after_a_refusal() {
    let providers = Providers::start();
    let state = std::sync::Arc::new(crate::harness::Folder::new());
    // The variable is unset, so the key of the file counts.
    let variables = [("DIGICERT_API_KEY", "")];
    providers.local_in(state.clone(), &variables).stop();
    let file = state.path().join("secrets.json");
    let mut secrets: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mut store = |key: &str| {
        secrets["digicert_api_key"] = json!(key);
        fs::write(&file, secrets.to_string()).unwrap();
    };
    store("wrong");
    let local = providers.local_in(state, &variables);
    assert_held(&local, &providers.send_one(&local, &issued(9201)));
    // More than open the breaker, so that some wait without an attempt.
    let mut ids: Vec<_> =
        (9210..9220).map(|number| providers.send_one(&local, &issued(number))).collect();
    ids.push(providers.send_one(&local, &issued(9202)));
    store(&api_key(profile::of(Provider::DIGICERT)));
    // Nothing waits for its 15 minutes.
    for id in ids {
        assert_eq!(local.event(&id)["data"]["callback"]["outcome"], "downloaded");
    }
}
