//! `certhooks reconcile`, and the reconciliations that `certhooks local` runs by itself.

use serde_json::{Value, json};
use simulator::{DigicertEvent, Fault, Outcome, Rule};

use super::stage::{Ended, Stage};
use crate::harness::tail;

fn numbers(ended: &Ended) -> Vec<u64> {
    let report = ended.json();
    let names = ["seen", "known", "recovered", "waiting", "still_missing"];
    names.iter().map(|name| report[name].as_u64().unwrap()).collect()
}

/// A stage whose webhook is subscribed, and whose webhook endpoint is stopped.
async fn subscribed() -> Stage {
    let stage = Stage::new().await;
    let local = stage.start_local();
    stage.done(&["subscribe", "--endpoint", &local.url("/webhooks/digicert")]);
    local.stop();
    stage
}

async fn happen(stage: &Stage, event: DigicertEvent) -> (Value, Outcome) {
    let sent = stage.simulator.send_digicert_event(event).await.unwrap();
    (json!(sent.data), sent.outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_missed_while_the_endpoint_was_down_are_delivered() {
    let stage = subscribed().await;
    let (data, outcome) = happen(&stage, DigicertEvent::new("certificate_issued")).await;
    assert_eq!(outcome, Outcome::Unanswered);

    let dry = stage.reconcile(&[], &["--dry-run"]).done();
    let subject = format!("digicert/certificate/{}", data["certificate_id"]);
    assert!(dry.contains(&subject) && dry.contains("not answered"), "{dry}");
    assert!(
        dry.contains("to recover") && dry.ends_with("1      0      1           0        0\n"),
        "{dry}"
    );
    // No process owns the folder now, so the event waits for the next one.
    assert_eq!(numbers(&stage.reconcile(&[], &["--json"])), [1, 0, 1, 0, 0]);
    assert_eq!(numbers(&stage.reconcile(&[], &["--json", "--window", "7d"])), [1, 0, 0, 1, 0]);

    let local = stage.start_local();
    let delivered = &local.delivered(1)[0];
    assert_eq!((&delivered["reconciled"], &delivered["subject"]), (&json!(true), &json!(subject)));
    assert_eq!(delivered["data"]["callback"]["outcome"], "downloaded");
    assert_eq!(delivered["data"]["checks"]["confirmed"]["result"], "ok");
    assert_eq!(delivered["data"]["payload"]["event"], "certificate_issued");
    local.settle();

    // While `certhooks local` runs, delivered events are known, and new ones are delivered at once.
    let ended = stage.reconcile(&[], &["--json"]);
    assert_eq!(numbers(&ended), [1, 1, 0, 0, 0]);
    assert_eq!(ended.json()["events"], json!([]));
    happen(&stage, DigicertEvent::new("certificate_issued").instantly()).await;
    stage.done(&["deactivate"]);
    happen(&stage, DigicertEvent::new("certificate_revoked")).await;
    let found = stage.reconcile(&[], &[]).done();
    assert!(found.contains("revoked, but not sent"), "{found}");
    assert_eq!(local.delivered(3).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn local_reconciles_by_itself() {
    let stage = subscribed().await;
    let (data, _) = happen(&stage, DigicertEvent::new("certificate_revoked")).await;
    let local = stage.start_reconciling_local();
    let delivered = &local.delivered(1)[0];
    assert_eq!(delivered["reconciled"], true);
    assert_eq!(delivered["data"]["identifiers"]["order_id"], data["order_id"].to_string());
    let reconciled = |known: u64| {
        move |line: &Value| line["message"] == "reconciled" && line["known"].as_u64() == Some(known)
    };
    // The first run that knows the event has put nothing on the queue; so has none after it.
    local.logged(2, reconciled(1));
    local.settle();
    assert_eq!(tail(local.state.path()).len(), 1, "and once");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_one_line() {
    let stage = subscribed().await;
    happen(&stage, DigicertEvent::new("order_rejected")).await;
    let faults = stage.simulator.faults();
    for (fault, expected) in [
        (Fault::KeyRefused, "access_denied_invalid_key"),
        (Fault::Html, "an HTML page (status 200)"),
        (Fault::Redirect { location: "http://127.0.0.1:1/".to_owned() }, "a redirect"),
    ] {
        faults.set([Rule::new("/services", fault)]);
        stage.reconcile(&[], &[]).refused(1, expected);
        stage.reconcile(&[], &["--json"]).refused(1, expected);
    }
    faults.clear();
    for (variables, arguments, code, expected) in [
        (&[("DIGICERT_API_KEY", "wrong")][..], &[][..], 1, "access_denied_invalid_key"),
        (&[("DIGICERT_API_KEY", "")], &[], 2, "no API key"),
        (&[("RECONCILE_WINDOW_MINUTES", "0")], &[], 2, "RECONCILE_WINDOW_MINUTES"),
        (&[], &["--base", "http://127.0.0.1:9"], 1, "check that it is reachable"),
        (&[], &["--base", "http://www.digicert.com"], 2, "--base"),
    ] {
        stage.reconcile(variables, arguments).refused(code, expected);
    }
    let usage = stage.reconcile(&[], &["--window", "91d"]);
    assert!(usage.code == 2 && usage.err.contains("1m to 90d"), "{usage:?}");
    let unnamed = stage.reconcile(&[("CLOUDFLARE_ACCOUNT_ID", "")], &["--provider", "cloudflare"]);
    assert!(unnamed.code == 2 && unnamed.err.contains("CLOUDFLARE_ACCOUNT_ID"), "{unnamed:?}");

    // A key that may not read the log: only the orders are compared, and a warning says so.
    faults.set([Rule::new("/services/v2/webhook", Fault::MissingPermission)]);
    let ended = stage.reconcile(&[], &[]);
    assert!(ended.code == 0 && ended.err.contains("only the orders are compared"), "{ended:?}");
    assert!(ended.out.contains("rejected, but not sent"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_a_database_gets_none() {
    let stage = Stage::new().await;
    happen(&stage, DigicertEvent::new("order_rejected")).await;
    let refused = stage.reconcile(&[], &[]);
    assert!(refused.code != 0 && refused.err.lines().count() == 1, "{refused:?}");
    assert!(!stage.state.path().join("certhooks.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_stays_missing_ends_with_status_1() {
    let stage = subscribed().await;
    happen(&stage, DigicertEvent::new("order_rejected")).await;
    let id = stage.reconcile(&[], &["--json"]).json()["events"][0]["id"].clone();
    let file = std::fs::read_dir(stage.state.path()).unwrap().map(|entry| entry.unwrap().path());
    let database = file.into_iter().find(|path| path.extension().is_some_and(|end| end == "db"));
    let connection = rusqlite::Connection::open(database.unwrap()).unwrap();
    // As if it had been put on the queue two hours ago.
    let changed = connection.execute(
        "UPDATE ledger SET keep_until = keep_until - 7200000000 WHERE id = ?1",
        [format!("reconciled/{}", id.as_str().unwrap())],
    );
    assert_eq!(changed.unwrap(), 1);
    let ended = stage.reconcile(&[], &["--json"]);
    ended.ended_badly(1, "1 still missing");
    assert_eq!(numbers(&ended), [1, 0, 0, 0, 1]);
}
