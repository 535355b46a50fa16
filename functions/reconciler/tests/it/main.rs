//! Drives the compiled reconciler as Lambda does, with the emulator as AWS and the simulator as
//! CertCentral.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use harness::{Emulator, Function, InvocationResult, failed_start};
use serde_json::{Value, json};
use simulator::{DigicertEvent, Fault, Rule, Settings, Simulator};

const BINARY: &str = env!("CARGO_BIN_EXE_reconciler");
const API_KEY: &str = "sample-api-key";

struct Stage {
    emulator: Emulator,
    simulator: Simulator,
    reconciler: Function,
    events: String,
}

impl Stage {
    async fn set() -> Self {
        let emulator = Emulator::start().await.unwrap();
        let settings = Settings { digicert_api_key: Some(API_KEY.into()), ..Settings::default() };
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
        let events = emulator.create_queue("events").await.unwrap();
        emulator.create_table("ledger").await.unwrap();
        emulator
            .create_secret("digicert-api", &json!({"api_key": API_KEY}).to_string())
            .await
            .unwrap();
        let mut variables = emulator.environment();
        let own = [
            ("EVENTS_QUEUE_URL", events.clone()),
            ("LEDGER_TABLE", "ledger".to_owned()),
            ("DIGICERT_API_SECRET_ID", "digicert-api".to_owned()),
            ("DIGICERT_API_BASE", simulator.digicert_base()),
            ("RECONCILE_WINDOW_MINUTES", "60".to_owned()),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let reconciler = Function::start(BINARY, &variables).await.unwrap();
        Self { emulator, simulator, reconciler, events }
    }

    /// Invokes the reconciler as the schedule does.
    async fn run(&mut self) -> InvocationResult {
        self.reconciler.invoke(r#"{"anything": "at all"}"#).await.unwrap()
    }
}

fn counts(seen: u64, recovered: u64, waiting: u64) -> Value {
    json!({"seen": seen, "known": 0, "recovered": recovered, "waiting": waiting, "still_missing": 0})
}

#[tokio::test]
async fn an_event_that_was_never_sent_is_put_on_the_queue_once() {
    let mut stage = Stage::set().await;
    let event = DigicertEvent::new("certificate_issued").instantly();
    let sent = stage.simulator.send_digicert_event(event).await.unwrap();
    let revoked = DigicertEvent::new("certificate_revoked");
    stage.simulator.send_digicert_event(revoked).await.unwrap();

    assert!(
        matches!(stage.run().await, InvocationResult::Response(response) if response == counts(2, 2, 0))
    );
    assert!(
        matches!(stage.run().await, InvocationResult::Response(response) if response == counts(2, 0, 2))
    );
    let messages = stage.emulator.receive_all(&stage.events).await.unwrap();
    let mut envelopes: Vec<Value> = messages
        .iter()
        .map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap())
        .collect();
    envelopes.sort_by_key(|envelope| envelope["type"].to_string());
    assert_eq!(envelopes.len(), 2);
    assert_eq!(envelopes[0]["reconciled"], true);
    assert_eq!(envelopes[0]["data"], json!({"event": "certificate_issued", "data": sent.data}));

    let (stdout, stderr) = stage.reconciler.stop().await.unwrap();
    for name in ["Seen", "Recovered", "NotSent", "Reconciled"] {
        assert!(stdout.contains(&format!("\"Name\":\"{name}\"")), "{name}: {stdout}");
    }
    assert!(!stderr.contains(API_KEY) && !stdout.contains(API_KEY));
}

#[tokio::test]
async fn a_run_without_api_access_fails_and_the_next_one_succeeds() {
    let mut stage = Stage::set().await;
    stage.simulator.send_digicert_event(DigicertEvent::new("order_rejected")).await.unwrap();
    stage.simulator.faults().set([Rule::new("/", Fault::KeyRefused)]);
    let InvocationResult::Error(error) = stage.run().await else { panic!("it did not fail") };
    let text = error["errorMessage"].as_str().unwrap();
    assert!(text.contains("access_denied_invalid_key"), "{text}");
    stage.simulator.faults().clear();
    assert!(
        matches!(stage.run().await, InvocationResult::Response(response) if response == counts(1, 1, 0))
    );
    let (stdout, _) = stage.reconciler.stop().await.unwrap();
    assert!(stdout.contains("\"Name\":\"KeyRefused\""), "{stdout}");
}

#[tokio::test]
async fn it_does_not_start_without_its_settings() {
    let complete = [
        ("EVENTS_QUEUE_URL", "http://127.0.0.1:9/queue"),
        ("LEDGER_TABLE", "ledger"),
        ("DIGICERT_API_SECRET_ID", "digicert-api"),
        ("AWS_REGION", "eu-central-1"),
    ];
    for missing in complete {
        let rest = complete.iter().filter(|variable| **variable != missing);
        let rest: Vec<_> =
            rest.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (is_success, stderr) = failed_start(BINARY, &rest).await.unwrap();
        assert!(!is_success && stderr.contains(missing.0), "{}: {stderr}", missing.0);
    }
    let mut wrong: Vec<_> =
        complete.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    wrong.push(("RECONCILE_WINDOW_MINUTES".to_owned(), "10081".to_owned()));
    let (is_success, stderr) = failed_start(BINARY, &wrong).await.unwrap();
    assert!(!is_success && stderr.contains("RECONCILE_WINDOW_MINUTES"), "{stderr}");
}

/// Cloudflare's history is compared where its account is named, with CertCentral or without it.
#[tokio::test]
async fn cloudflare_alone_is_compared() {
    let emulator = Emulator::start().await.unwrap();
    let simulator =
        Simulator::start("127.0.0.1:0".parse().unwrap(), Settings::default()).await.unwrap();
    let events = emulator.create_queue("events").await.unwrap();
    emulator.create_table("ledger").await.unwrap();
    let token = json!({"api_token": "sample-token"}).to_string();
    emulator.create_secret("cloudflare-api", &token).await.unwrap();
    let mut variables = emulator.environment();
    let own = [
        ("EVENTS_QUEUE_URL", events),
        ("LEDGER_TABLE", "ledger".to_owned()),
        ("CLOUDFLARE_API_SECRET_ID", "cloudflare-api".to_owned()),
        ("CLOUDFLARE_ACCOUNT_ID", "01a7362d577a6c3019a474fd6f485823".to_owned()),
        ("CLOUDFLARE_API_BASE", simulator.cloudflare_base()),
    ];
    variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let mut reconciler = Function::start(BINARY, &variables).await.unwrap();
    let InvocationResult::Response(response) = reconciler.invoke("{}").await.unwrap() else {
        panic!("the run failed: {:?}", reconciler.stop().await)
    };
    assert_eq!((&response["seen"], &response["cloudflare"]["seen"]), (&json!(0), &json!(0)));
    let asked = simulator.requests().recent();
    assert!(asked.iter().any(|request| request.path.contains("alerting/v3/history")), "{asked:?}");
}
