//! `certhooks tail`: delivered events as text and as JSON.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::{Value, json};

use super::run_in;
use crate::harness::{Folder, Local, command};
use crate::wire::Request;

/// A running `certhooks tail`, which ends when this is dropped.
struct Following(Child);

impl Following {
    fn start(local: &Local, arguments: &[&str]) -> (Self, BufReader<ChildStdout>) {
        let mut child = command(&[])
            .args(["tail", "--state", local.state.path().to_str().unwrap()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        (Self(child), out)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn send(local: &Local, number: u64) -> String {
    let data = json!({ "domain_id": number, "domain_name": "example.com" });
    let body = json!({ "event": "domain_validated", "data": data });
    Request::digicert(format!("{body:#}")).send(local).accepted_one()
}

fn next_id(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    event["id"].as_str().unwrap().to_owned()
}

#[test]
fn events_are_printed_as_they_arrive() {
    let local = Local::start(&[]);
    let first = send(&local, 1);
    local.settle();
    let (_from_start, mut all) = Following::start(&local, &["--json", "--from-start"]);
    assert_eq!(next_id(&mut all), first);
    let (_from_now, mut new) = Following::start(&local, &["--json"]);
    // Nothing shows when it has read the last sequence number, so events are sent until it prints one.
    let mut sent = Vec::new();
    let printed = scope(|scope| {
        let printing = scope.spawn(|| next_id(&mut new));
        while !printing.is_finished() {
            sent.push(send(&local, 2 + sent.len() as u64));
            sleep(Duration::from_millis(20));
        }
        printing.join().unwrap()
    });
    assert!(sent.contains(&printed), "an earlier event was printed");
    assert!(sent.iter().all(|id| next_id(&mut all) == *id));
}

/// A reader that has enough closes the pipe, as `head` does.
#[test]
fn tail_ends_when_its_reader_closes_the_pipe() {
    let local = Local::start(&[]);
    let (mut following, out) = Following::start(&local, &["--json", "--from-start"]);
    drop(out);
    send(&local, 1);
    local.settle();
    let status = following.0.wait().unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn each_event_is_a_line_of_text() {
    let local = Local::simulated();
    let issued =
        json!({ "event": "certificate_issued", "data": { "order_id": 1, "certificate_id": 77 } });
    Request::digicert(issued.to_string()).send(&local).accepted_one();
    local.settle();
    send(&local, 2);
    let unusable = json!({ "event": "certificate_issued", "data": { "certificate_id": "x" } });
    Request::digicert(unusable.to_string()).send(&local).accepted_one();
    local.settle();
    let ended = run_in(local.state.path(), &["tail", "--from-start", "--no-follow"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert_eq!(ended.out.lines().count(), 1 + 3, "{}", ended.out);
    for words in [
        &["certificate.issued", "digicert/certificate/77", "downloaded", "www-77.example.com", "-"]
            [..],
        &["domain.validated", "digicert/domain/example.com", "not_needed"],
        &["certificate.issued", "failed", "unusable_id"],
    ] {
        let has_all = |line: &&str| words.iter().all(|word| line.contains(word));
        assert!(ended.out.lines().any(|line| has_all(&line)), "{words:?}\n{}", ended.out);
    }
    // Without --from-start, earlier events are not shown.
    let ended = run_in(local.state.path(), &["tail", "--no-follow"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
}

/// Names come from outside and are printed on a terminal.
#[test]
fn names_have_no_control_characters() {
    let local = Local::start(&[]);
    let hostile =
        "a.example.com\u{1b}[2J\u{1b}]0;owned\u{7}\r\n2026-01-01T00:00:00Z faked\u{9b}31m\u{202e}";
    let body = json!({
        "metadata": { "event": { "type": "ssl.custom_hostname_certificate.deletion.succeeded" } },
        "data": { "id": "1", "hostname": hostile, "ssl": { "hosts": [hostile] } },
    });
    Request::cloudflare(body.to_string()).send(&local).accepted_one();
    local.settle();
    let ended = run_in(local.state.path(), &["tail", "--from-start", "--no-follow"]);
    assert_eq!(ended.out.lines().count(), 1 + 1, "{:?}", ended.out);
    assert!(!ended.out.replace('\n', "").contains(char::is_control), "{:?}", ended.out);
    let json = run_in(local.state.path(), &["tail", "--from-start", "--no-follow", "--json"]);
    assert_eq!(json.out.lines().count(), 1);
    let active = |character: char| character.is_control() || character == '\u{202e}';
    assert!(!json.out.trim_end().contains(active), "{:?}", json.out);
    let event: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(event["data"]["payload"]["data"]["hostname"], hostile, "escaped, not changed");
}

#[test]
fn an_error_names_a_folder_without_state() {
    let folder = Folder::new();
    let name = folder.path().to_str().unwrap();
    for arguments in [&["tail"][..], &["tail", "--json", "--from-start", "--no-follow"]] {
        let ended = run_in(folder.path(), arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        assert!(ended.err.contains(name), "{}", ended.err);
    }
}

/// Delivered events can be read after `certhooks local` has ended.
#[test]
fn tail_works_without_a_server() {
    let local = Local::start(&[]);
    let id = send(&local, 1);
    local.settle();
    let state = local.kill();
    let ended = run_in(state.path(), &["tail", "--from-start", "--no-follow", "--json"]);
    let event: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(event["id"], id);
}

/// Events of two providers and two types, in this order, each a line of its id.
fn delivered(local: &Local) -> [String; 3] {
    let validated = send(local, 1);
    local.settle();
    let deleted = json!({
        "metadata": { "event": { "type": "ssl.custom_hostname_certificate.deletion.succeeded" } },
        "data": { "id": "1", "hostname": "a.example.com" },
    });
    let deleted = Request::cloudflare(deleted.to_string()).send(local).accepted_one();
    local.settle();
    let again = send(local, 2);
    local.settle();
    [validated, deleted, again]
}

#[test]
fn options_choose_what_tail_shows() {
    let local = Local::start(&[]);
    let [first, second, third] = delivered(&local);
    let state = local.state.path();
    let shown = |arguments: &[&str]| {
        let ended = run_in(state, &[&["tail", "--no-follow", "--json"], arguments].concat());
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
        let id =
            |line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        ended.out.lines().map(id).collect::<Vec<_>>()
    };
    assert_eq!(shown(&["--after", &first]), [second.as_str(), &third]);
    assert_eq!(shown(&["--after", &third]), [""; 0]);
    assert_eq!(shown(&["--since", "1h"]), [first.as_str(), &second, &third]);
    assert_eq!(shown(&["--since", "2099-01-01"]), [""; 0]);
    let from_start = ["--from-start", "--provider", "cloudflare"];
    assert_eq!(shown(&from_start), [second.as_str()]);
    let types = ["--from-start", "--type", "domain.validated"];
    assert_eq!(shown(&types), [first.as_str(), &third]);
    let both = ["--type", "certificate.deleted", "--type", "certhooks.domain.validated"];
    assert_eq!(shown(&[&["--since", "1h"], &both[..]].concat()), [first.as_str(), &second, &third]);
    assert_eq!(shown(&["--after", &first, "--provider", "digicert"]), [third.as_str()]);
    assert_eq!(shown(&["--type", "domain.validated"]), [""; 0], "from now on");

    let unknown = run_in(state, &["tail", "--after", "no-such-id"]);
    assert_eq!(unknown.code, Some(3), "{}", unknown.err);
    assert!(unknown.err.contains("no-such-id: no event with this id is kept"), "{}", unknown.err);
    for wrong in [
        &["--after", &first, "--since", "1h"][..],
        &["--from-start", "--since", "1h"],
        &["--since", "yesterday"],
        &["--type", "certificate.isued"],
        &["--provider", "letsencrypt"],
    ] {
        let ended = run_in(state, &[&["tail"], wrong].concat());
        assert_eq!(ended.code, Some(2), "{wrong:?}: {}", ended.err);
    }
}
