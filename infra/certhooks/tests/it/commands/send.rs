//! `certhooks send`: event files, with the key or signature that the provider would send.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use providers::profile;
use serde_json::{Value, json};

use super::{Ended, run, run_in};
use crate::canned::Canned;
use crate::harness::{
    CLOUDFLARE_AUTH, DIGICERT_KEY, Folder, Local, NO_SECRETS, events_folder, tail,
};
use crate::wire::Request;

fn sample(name: &str) -> String {
    events_folder().join(name).to_str().unwrap().to_owned()
}

fn send(local: &Local, arguments: &[&str]) -> Ended {
    run_in(local.state.path(), &[&["send", "--to", &local.url("")], arguments].concat())
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_sample_is_accepted() {
    let local = Local::start(&[]);
    let mut files = Vec::new();
    for row in profile::ALL {
        let entries = fs::read_dir(events_folder().join(row.name)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()));
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let ended = send(&local, &files);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    assert_eq!(ended.out.lines().count(), files.len());
    for file in files {
        let line = ended.out.lines().find(|line| line.contains(file)).unwrap();
        assert!(line.starts_with("200 ") && line.contains(" ms "), "{line}");
        assert!(line.contains("accepted "), "{line}");
    }
}

#[test]
fn copies_have_ids_of_their_own_except_with_same() {
    let local = Local::start(&[]);
    for file in [
        "digicert/certificate_issued.json",
        "digicert/domain_expired.json",
        "cloudflare/issuance_succeeded.json",
        "cloudflare/notification_issuance_succeeded.json",
        "meta-ct/phishing.json",
        "meta-ct/batch.json",
    ] {
        let file = sample(file);
        let ids = |arguments: &[&str]| -> BTreeSet<String> {
            let ended = send(&local, &[&[file.as_str(), "--json"], arguments].concat());
            assert_eq!(ended.code, Some(0), "{}", ended.out);
            let answers = lines(&ended).into_iter().flat_map(|line| {
                assert_eq!((&line["status"], &line["file"]), (&200.into(), &file.as_str().into()));
                assert!(line["millis"].is_f64());
                line["answer"]["ids"].as_array().unwrap().clone()
            });
            answers.map(|id| id.as_str().unwrap().to_owned()).collect()
        };
        let one = ids(&[]);
        local.settle();
        assert_eq!(ids(&["--count", "3", "--same"]), one, "{file}");
        let three = ids(&["--count", "3"]);
        assert_eq!(three.len(), 3 * one.len(), "{file}");
        assert!(three.is_superset(&one), "the first copy is the file itself: {file}");
    }
}

#[test]
fn the_rate_limits_the_requests_per_second() {
    let local = Local::start(&[]);
    let file = sample("digicert/test_webhook_endpoint.json");
    let began = Instant::now();
    let ended = send(&local, &[&file, "--count", "5", "--rate", "10"]);
    assert_eq!(ended.code, Some(0));
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
}

/// One answer that is not 2xx is enough; the other answers are printed too.
#[test]
fn a_refusal_is_printed_and_exits_with_1() {
    let local = Local::start(&[]);
    let folder = Folder::new();
    let file = folder.path().join("no-event.json");
    fs::write(&file, r#"{"event":7}"#).unwrap();
    let (bad, good) = (file.to_str().unwrap(), sample("digicert/domain_validated.json"));
    let ended = send(&local, &[bad, &good]);
    assert_eq!(ended.code, Some(1));
    let of = |file: &str| ended.out.lines().find(|line| line.contains(file)).unwrap();
    assert!(of(bad).starts_with("400 ") && of(bad).contains("`event`"), "{}", ended.out);
    assert!(of(&good).starts_with("200 "), "{}", ended.out);

    let json = send(&local, &[bad, "--json"]);
    assert_eq!(json.code, Some(1));
    assert_eq!(lines(&json)[0]["answer"]["status"], 400);

    // With another key: the answer of the webhook endpoint is printed, and not the key.
    let other = "canary-other-webhook-key-0123456789abcdef";
    let url = local.url("");
    let state = local.state.path().to_str().unwrap();
    let arguments = ["send", &good, "--to", &url, "--state", state];
    let ended = run(&[("DIGICERT_WEBHOOK_KEY", other)], &arguments);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.starts_with("401 "), "{}", ended.out);
    assert!(!ended.out.contains("canary") && !ended.err.contains("canary"));
}

/// The provider is recognised by the form of the file; another file needs `--provider`.
#[test]
fn a_file_of_unknown_form() {
    let local = Local::start(&[]);
    let folder = Folder::new();
    let file = folder.path().join("anything");
    fs::write(&file, b"\xff not JSON").unwrap();
    let name = file.to_str().unwrap();
    let ended = send(&local, &[name]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains(name) && ended.err.contains("--provider"), "{}", ended.err);
    for (content, reason) in [
        ("", "the file is empty"),
        ("{\"event\":", "not JSON: EOF"),
        ("[1, 2", "not JSON: EOF"),
        ("{}", "the form of no provider's event"),
    ] {
        fs::write(&file, content).unwrap();
        let ended = send(&local, &[name]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        assert!(ended.err.contains(name) && ended.err.contains(reason), "{}", ended.err);
        assert!(ended.err.contains("--provider"), "{}", ended.err);
    }
    fs::write(&file, b"\xff not JSON").unwrap();
    for provider in ["digicert", "cloudflare", "meta-ct"] {
        let ended = send(&local, &[name, "--provider", provider]);
        // Verified, so it was signed as that provider would.
        assert!(ended.out.starts_with("400 "), "{} {}", ended.out, ended.err);
    }
    assert!(tail(local.state.path()).is_empty());
}

#[test]
fn an_error_names_what_is_missing() {
    let local = Local::start(&[]);
    let good = sample("digicert/domain_validated.json");
    for missing in ["/no/such/file.json", events_folder().to_str().unwrap()] {
        let ended = send(&local, &[missing]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        assert!(ended.err.contains(missing), "{}", ended.err);
    }
    // No process listens on the port that has just been released.
    let address = local.url("");
    let (_, state) = local.stop();
    let folder = state.path().to_str().unwrap();
    let ended = run_in(state.path(), &["send", &good, "--to", &address]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains(&address) && ended.err.contains("certhooks local"), "{}", ended.err);
    let ended = run_in(state.path(), &["send", &good, "--to", &address, "--json"]);
    assert_eq!(ended.code, Some(1));
    assert!(lines(&ended)[0]["error"].as_str().unwrap().contains(&address));
    for key in [DIGICERT_KEY, CLOUDFLARE_AUTH] {
        assert!(!ended.out.contains(key) && !ended.err.contains(key));
    }
    // There is no secret, neither in the environment nor in a state folder.
    let nowhere = format!("{folder}/nowhere");
    let ended = run(&NO_SECRETS, &["send", &good, "--state", &nowhere]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains(&nowhere) && ended.err.contains("secrets.json"), "{}", ended.err);
}

#[test]
fn many_copies_that_fail_alike_are_one_line() {
    let server = Canned::start(|_| (503, r#"{"detail":"Try again later."}"#.into()));
    let good = sample("digicert/domain_validated.json");
    let to = format!("http://{}", server.address);
    let ended = run(&[], &["send", &good, "--count", "50", "--to", &to]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""));
    let [refused, summary] = ended.out.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(refused.starts_with("503 ") && refused.contains("Try again later"), "{refused}");
    assert!(summary.starts_with("50 of 50 sent, 0 accepted, 50 not"), "{summary}");
    let each = run(&[], &["send", &good, "--count", "50", "--to", &to, "--verbose"]);
    assert_eq!(each.out.lines().count(), 50, "{}", each.out);

    let local = Local::start(&[]);
    let address = local.url("");
    drop(local.stop());
    let ended = run(&[], &["send", &good, "--count", "50", "--to", &address]);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.lines().count()), (Some(1), "", 1));
    assert!(ended.err.contains("check that `certhooks local` is running"), "{}", ended.err);
}

/// `send` and `local` use the same secrets.
#[test]
fn send_uses_the_secrets_of_the_state_folder() {
    let local = Local::start(&NO_SECRETS);
    let good = sample("digicert/domain_validated.json");
    let url = local.url("");
    let state = local.state.path().to_str().unwrap();
    let ended = run(&NO_SECRETS, &["send", &good, "--to", &url, "--state", state]);
    assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
    Request::digicert(fs::read(good).unwrap()).send(&local).refused(401);
}

/// The keys would be at the proxy, in clear.
#[test]
fn no_proxy_is_used_for_this_machine() {
    let proxy = Canned::start(|_| (502, "{}".into()));
    let address = format!("http://{}", proxy.address);
    let variables = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let variables = variables.map(|name| (name, address.as_str()));
    let local = Local::start(&variables);
    let good = sample("digicert/domain_validated.json");
    for host in ["127.0.0.1", "localhost"] {
        let to = local.url("").replace("127.0.0.1", host);
        let ended = run(&variables, &["send", &good, "--to", &to]);
        assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
    }
    assert_eq!(proxy.targets(), Vec::<String>::new());
}

/// An answer of any server is text on one line.
#[test]
fn an_answer_does_nothing_to_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\n200  0.1 ms  forged\u{202e}";
    let body = json!({ "detail": hostile }).to_string();
    let server = Canned::start(move |_| (400, body.clone()));
    let good = sample("digicert/domain_validated.json");
    let to = format!("http://{}", server.address);
    for json in [&[][..], &["--json"]] {
        let ended = run(&[], &[&["send", &good, "--to", &to], json].concat());
        assert_eq!((ended.code, ended.out.lines().count()), (Some(1), 1), "{}", ended.err);
        let active = |character: char| character.is_control() || character == '\u{202e}';
        assert!(!ended.out.trim_end().contains(active), "{:?}", ended.out);
    }
}
