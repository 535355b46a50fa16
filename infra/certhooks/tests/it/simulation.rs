//! `certhooks local --simulate`: invented answers of the providers only where they are asked for, and
//! never beside anything real.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use providers::profile::{self, Profile};
use providers::secret_member::SecretMember;
use serde_json::{Value, json};

use crate::digicert::stage::write_private;
use crate::documents::{deployed, issued, observed};
use crate::harness::{
    DIGICERT_KEY, Folder, Local, NO_SECRETS, archived, certhooks, command, events_folder,
    folder_with_secrets, tail,
};
use crate::providers::called;
use crate::wire::Request;

/// Starts `certhooks local`, which is refused; returns the error.
#[track_caller]
fn refused(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let output = command(&[&NO_SECRETS[..], variables].concat())
        .args(["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn without_a_key_a_provider_is_not_called_and_the_log_says_so() {
    let local = Local::start(&[]);
    let warned = local.logged(called().count(), |line| line["level"] == "WARN");
    for row in called() {
        let is_it = |line: &&Value| line["provider"] == row.provider.as_str();
        let line = warned.iter().find(is_it).unwrap();
        assert_eq!(line["variable"], row.api.secret.variable);
    }
    let request = Request::digicert(issued(77).to_string());
    let id = request.send(&local).accepted_one();
    let event = local.event(&id);
    assert_eq!(event["data"]["callback"]["outcome"], "disabled");
    assert_eq!(event["simulated"], Value::Null);
    assert_eq!(event["data"]["certificates"], json!([]));
}

#[test]
fn every_event_of_a_simulated_process_says_so() {
    let local = Local::simulated();
    let requests = [
        Request::digicert(issued(77).to_string()),
        Request::cloudflare(deployed("z", "h1").to_string()),
        Request::meta(observed("9").to_string()),
        Request::digicert(json!({"event": "something_new"}).to_string()),
    ];
    let ids: Vec<_> = requests.map(|request| request.send(&local).accepted_one()).to_vec();
    local.settle();
    let events = tail(local.state.path());
    assert!(events.len() >= ids.len(), "{events:?}");
    assert!(events.iter().all(|event| event["simulated"] == true), "{events:?}");
    let downloaded = events.iter().find(|event| event["id"] == *ids[0]).unwrap();
    assert_eq!(downloaded["data"]["callback"]["outcome"], "downloaded");
    let envelope: Value = serde_json::from_str(&archived(&local, "digicert", &ids[0])).unwrap();
    assert_eq!(envelope["simulated"], true);

    // A replay invents nothing, and the event still says where it is from.
    let state = local.state.path().to_str().unwrap();
    let replay = ["replay", "--id", &ids[0], "--state", state];
    assert!(certhooks(&NO_SECRETS, &replay).status.success());
    let again = tail(local.state.path()).pop().unwrap();
    assert_eq!((&again["simulated"], &again["replayed"]), (&json!(true), &json!(true)));
    assert_eq!(again["data"]["callback"]["outcome"], "disabled");
    let with_key = [&NO_SECRETS[..], &[("DIGICERT_API_KEY", "canary-real-key")]].concat();
    for arguments in [&replay[..], &["reconcile", "--state", state]] {
        let output = certhooks(&with_key, arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("simulated"), "{error}");
        assert!(!error.contains("canary-real-key"), "{error}");
    }
}

/// Invented events never get among real ones, nor the reverse.
#[test]
fn a_replay_stays_on_its_side() {
    let simulated = Local::simulated();
    let real = Local::start(&[]);
    for local in [&simulated, &real] {
        Request::digicert(issued(77).to_string()).send(local).accepted_one();
        local.settle();
    }
    for (from, to) in [(&simulated, &real), (&real, &simulated)] {
        let [from, to] = [from, to].map(|local| local.state.path().to_str().unwrap());
        let output = certhooks(&NO_SECRETS, &["replay", "--all", "--state", from, "--to", to]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("simulated"), "{error}");
        assert_eq!(tail(std::path::Path::new(to)).len(), 1);
    }
}

/// An event that waits for its provider keeps its mark.
#[test]
fn the_mark_survives_a_restart() {
    let local = Local::simulated();
    let id = Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    local.settle();
    let state = local.kill();
    let local = Local::start_in(state, &NO_SECRETS, &["--simulate"]);
    Request::digicert(issued(78).to_string()).send(&local).accepted_one();
    local.settle();
    let events = tail(local.state.path());
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0]["id"] == *id && events.iter().all(|event| event["simulated"] == true));
}

#[test]
fn a_folder_is_simulated_or_real_from_its_first_start() {
    let (status, simulated) = Local::simulated().stop();
    assert!(status.success());
    let error = refused(simulated.path(), &[], &[]);
    assert!(error.contains(simulated.path().to_str().unwrap()), "{error}");
    assert!(error.contains("--simulate") && error.contains("--state"), "{error}");

    let (_, real) = Local::start(&NO_SECRETS).stop();
    for arguments in [&["--simulate"][..], &["--samples", events_folder().to_str().unwrap()]] {
        let error = refused(real.path(), &[], arguments);
        assert!(error.contains(real.path().to_str().unwrap()), "{error}");
        assert!(error.contains("real state folder") && error.contains("--state"), "{error}");
    }
    // Both still start as what they are.
    Local::start_in(real, &NO_SECRETS, &[]);
    Local::start_in(simulated, &NO_SECRETS, &["--simulate"]);
}

/// A start that is refused leaves the folder as it was.
#[test]
fn simulation_is_refused_beside_anything_real() {
    let folder = Folder::new();
    let members = |row: &'static Profile| row.webhook_secret.iter().chain([&row.api.secret]);
    for SecretMember { variable, .. } in profile::ALL.into_iter().flat_map(members) {
        let error = refused(folder.path(), &[(variable, DIGICERT_KEY)], &["--simulate"]);
        assert!(error.contains(variable) && !error.contains(DIGICERT_KEY), "{error}");
    }
    let file = folder.path().join("secrets.json");
    write_private(&file, r#"{"digicert_api_key":"canary-key"}"#);
    let samples = ["--samples", events_folder().to_str().unwrap()].map(str::to_owned);
    let error = refused(folder.path(), &[], &[&samples[0], &samples[1]]);
    assert!(error.contains("digicert_api_key") && error.contains("secrets.json"), "{error}");
    std::fs::remove_file(file).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    Local::start_in(Arc::new(folder), &NO_SECRETS, &[]);
}

#[test]
fn samples_are_sent_once_and_shown() {
    let folder = folder_with_secrets();
    let run = || {
        let mut child = command(&NO_SECRETS)
            .args(["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--samples"])
            .arg(events_folder())
            .arg("--state")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        for line in std::io::BufRead::lines(out) {
            let line = line.unwrap();
            let is_last = line.starts_with("Ctrl-C stops");
            lines.push(line);
            if is_last {
                break;
            }
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
        lines
    };
    let lines = run();
    for words in [
        &["certificate_issued.json", "accepted 1"][..],
        &["certificate.issued", "downloaded"],
        &["curl -X POST", "X-WEBHOOK-KEY"],
    ] {
        let is_there = |line: &String| {
            words.iter().all(|word| line.to_lowercase().contains(&word.to_lowercase()))
        };
        assert!(lines.iter().any(is_there), "{words:?}\n{}", lines.join("\n"));
    }
    let delivered = tail(folder.path()).len();
    assert!(delivered > 20, "{delivered}");
    let again = run();
    assert!(again.iter().any(|line| line.contains("sent before")), "{again:?}");
    assert_eq!(tail(folder.path()).len(), delivered);
}
