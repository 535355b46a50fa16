//! `certhooks replay`: archived events are processed again while `certhooks local` runs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::documents::{deployed, issued, rejected};
use crate::harness::{Folder, Local, archived, tail};
use crate::scene::{FIRST_AUTH, Scene, json_lines};
use crate::wire::{AUTH_HEADER, CLOUDFLARE, DIGICERT, KEY_HEADER, Request};

const KEY: &str = "canary-first-webhook-key-0123456789abcdef";

/// A running `certhooks local` whose archive has four events, and their ids.
async fn filled() -> (Scene, Local, [String; 4]) {
    let scene = Scene::new().await;
    let local = scene.local();
    let digicert = |event: Value| {
        let request = Request::bare(DIGICERT, event.to_string()).with(KEY_HEADER, KEY);
        request.send(&local).accepted_one()
    };
    let first = [digicert(issued(901)), digicert(issued(902)), digicert(rejected(903))];
    let request = Request::bare(CLOUDFLARE, deployed("z", "h904").to_string());
    let last = request.with(AUTH_HEADER, FIRST_AUTH).send(&local).accepted_one();
    let [a, b, c] = first;
    local.settle();
    (scene, local, [a, b, c, last])
}

fn ids(events: &[Value]) -> BTreeSet<&str> {
    events.iter().filter_map(|event| event["id"].as_str()).collect()
}

/// The ids of the events that these repeat.
fn causes(events: &[Value]) -> BTreeSet<&str> {
    events.iter().filter_map(|event| event["causationid"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_events_are_delivered_again_in_spite_of_the_ledger() {
    let (scene, local, all) = filled().await;
    let first = tail(local.state.path());
    assert_eq!(first.len(), 4);
    let envelope = archived(&local, "digicert", &all[0]);

    let listed = scene.lines(&["replay", "--all", "--dry-run"]);
    assert_eq!(listed.last().unwrap(), &json!({"count": 4}));
    assert_eq!(ids(&listed), all.iter().map(String::as_str).collect());
    assert_eq!(tail(local.state.path()).len(), 4, "a dry run delivers nothing");

    let summary = scene.lines(&["replay", "--all"]);
    let run = summary[0]["run"].as_str().unwrap();
    assert_eq!(summary, [json!({"replayed": 4, "failed": 0, "run": run})]);
    let events = tail(local.state.path());
    let (before, again) = events.split_at(4);
    assert_eq!(before, first);
    assert_eq!(ids(again).len(), 4);
    for event in again {
        assert_eq!(event["replayed"], true);
        let before = first.iter().find(|first| first["id"] == event["causationid"]).unwrap();
        assert_eq!(event["id"], format!("{}/replay/{run}", before["id"].as_str().unwrap()));
        for member in ["type", "subject", "time", "receivedtime", "source"] {
            assert_eq!(event[member], before[member], "{member}");
        }
        assert_eq!(event["data"]["payload"], before["data"]["payload"]);
        assert_eq!(event["data"]["callback"]["outcome"], before["data"]["callback"]["outcome"]);
    }
    assert_eq!(archived(&local, "digicert", &all[0]), envelope, "the archive stays as it is");
    local.settle();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_selected_by_all_conditions() {
    let (scene, _local, all) = filled().await;
    let [a, b, rejected, deployed] = all.each_ref().map(String::as_str);
    for (filter, expected) in [
        (&["--provider", "digicert"][..], &[a, b, rejected][..]),
        (&["--provider", "digicert", "--provider", "cloudflare"], &[a, b, rejected, deployed]),
        (&["--event", "certificate_issued"], &[a, b]),
        (&["--event", "certificate.issuance_failed"], &[rejected]),
        (&["--event", "com.digicert.certcentral.certificate_issued"], &[a, b]),
        (&["--event", "expired", "--order", "1000902"], &[]),
        (&["--order", "1000902"], &[b]),
        (&["--order", "1000902", "--provider", "cloudflare"], &[]),
        (&["--order", "1000901", "--order", "903"], &[a, rejected]),
        (&["--hostname", "H904.example.com."], &[deployed]),
        (&["--id", b], &[b]),
        (&["--since", "1h"], &[a, b, rejected, deployed]),
        (&["--since", "1h", "--until", "30m"], &[]),
        (&["--until", "2020-01-01"], &[]),
    ] {
        let ended = scene.run(&[&["replay", "--dry-run", "--json"], filter].concat());
        if expected.is_empty() {
            ended.refused(3, "the archive has no such event");
            continue;
        }
        let listed = json_lines(&ended.done());
        assert_eq!(ids(&listed), expected.iter().copied().collect(), "{filter:?}");
    }
    for (arguments, error) in [
        (&[][..], "no events are selected"),
        (&["--all", "--to", "https://sqs.example.com/1/q"], "requires --stack"),
    ] {
        scene.run(&[&["replay"], arguments].concat()).refused(2, error);
    }
    for (option, value, error) in
        [("--since", "yesterday", "must be an age"), ("--patience", "long", "must be a duration")]
    {
        let ended = scene.run(&["replay", "--all", option, value]);
        assert!(ended.code == 2 && ended.err.contains(error), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_delivered_to_a_file_to_standard_output_or_to_another_state() {
    let (scene, local, all) = filled().await;
    let folder = Folder::new();
    let file = folder.path().join("events.jsonl");
    for _ in 0..2 {
        let to = file.to_str().unwrap();
        scene.run(&["replay", "--provider", "digicert", "--to", to]).done();
    }
    let lines = json_lines(&std::fs::read_to_string(&file).unwrap());
    assert_eq!((lines.len(), ids(&lines).len()), (6, 6), "the second run appends");

    let ended = scene.run(&["replay", "--id", &all[3], "--to", "-"]);
    assert!(ended.err.contains("1 replayed, 0 failed"), "{ended:?}");
    let lines = json_lines(&ended.done());
    assert_eq!(lines[0]["type"], "certhooks.certificate.deployed");

    let other = scene.local_elsewhere();
    let to = other.state.path().to_str().unwrap().to_owned();
    scene.run(&["replay", "--all", "--to", &to]).done();
    assert_eq!(causes(&tail(other.state.path())), all.iter().map(String::as_str).collect());
    assert_eq!(tail(local.state.path()).len(), 4);
}

/// The command itself retries a failed call-back, and names the events that it could not replay.
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails() {
    let (scene, local, all) = filled().await;
    let down = || Fault::ServerError { status: Some(503) };
    scene.simulator.faults().set([
        Rule::new("/services/v2/certificate/901/", down()).times(1),
        Rule::new("/services/v2/certificate/902/", down()),
    ]);
    let ended = scene.run(&["replay", "--provider", "digicert", "--patience", "4s"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("2 replayed, 1 failed"), "{ended:?}");
    let named = format!("certhooks: {}: not replayed: given up after", all[1]);
    assert!(ended.err.contains(&named), "{ended:?}");
    let again: Vec<_> = tail(local.state.path()).split_off(4);
    assert_eq!(causes(&again), BTreeSet::from([all[0].as_str(), all[2].as_str()]));
    let retried = again.iter().find(|event| event["causationid"] == *all[0]).unwrap();
    assert_eq!(retried["data"]["callback"]["attempts"], 2);
    local.settle();
}

/// `--after` continues where an earlier run was stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_continues_after_a_key() {
    let (scene, local, _) = filled().await;
    let listed = scene.lines(&["replay", "--all", "--dry-run"]);
    let keys: Vec<_> = listed.iter().filter_map(|line| line["key"].as_str()).collect();
    assert!(keys.is_sorted() && keys[0].starts_with("cloudflare/"), "{keys:?}");
    scene.run(&["replay", "--all", "--after", keys[1]]).done();
    let again: Vec<_> = tail(local.state.path()).split_off(4);
    assert_eq!(again.len(), 2);

    // A run that goes on delivers nothing twice.
    for _ in 0..2 {
        scene.run(&["replay", "--all", "--run", "named", "--after", keys[1]]).done();
        let named: Vec<_> = tail(local.state.path()).split_off(6);
        assert_eq!(named.len(), 2);
        assert!(named.iter().all(|event| event["id"].as_str().unwrap().ends_with("/replay/named")));
    }
    let ended = scene.run(&["replay", "--all", "--run", "a/b"]);
    assert!(ended.code == 2 && ended.err.contains("letters, digits"), "{ended:?}");
    scene.run(&["replay", "--all", "--after", keys[3]]).refused(3, "no such event");
}

/// A disk is full: the run that continues repeats the consecutive failures.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_throughout_names_the_key_before_the_first_failure() {
    let scene = Scene::new().await;
    let local = scene.local();
    for number in 0..66 {
        let event = json!({"event": "domain_validated", "data": {"domain_id": number}});
        let request = Request::bare(DIGICERT, event.to_string()).with(KEY_HEADER, KEY);
        request.send(&local).accepted_one();
    }
    local.settle();
    let listed = scene.lines(&["replay", "--all", "--dry-run"]);
    let first = listed[0]["key"].as_str().unwrap();
    let ended = scene.run(&["replay", "--all", "--after", first, "--to", "/dev/full"]);
    let begin = "certhooks: 64 consecutive events could not be replayed; continue with --run ";
    let last = ended.err.lines().find(|line| line.starts_with(begin));
    let last = last.unwrap_or_else(|| panic!("{}", ended.err));
    assert!(ended.code == 1 && last.ends_with(&format!(" --after {first}")), "{last}");
}
