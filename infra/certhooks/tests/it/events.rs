use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use envelope::Provider;
use providers::profile;
use serde_json::Value;

use crate::harness::{Local, archive, events_folder, tail_lines};
use crate::providers::Providers;
use crate::x509::{assert_chain, verified};

/// The expected result of each file in `events/`.
fn expectations() -> serde_json::Map<String, Value> {
    let text = fs::read_to_string(events_folder().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The event files of one folder, under the names that `expected.json` uses.
fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(events_folder().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| format!("{folder}/{name}")).collect()
}

/// An event file that was sent, with the ids in the answer.
struct Sent {
    file: String,
    provider: Provider,
    bytes: Vec<u8>,
    expected: Value,
    ids: Vec<String>,
}

impl Sent {
    fn send(providers: &Providers, local: &Local, file: &str, provider: Provider) -> Self {
        let bytes = fs::read(events_folder().join(file)).unwrap();
        let expected = expectations()[file].clone();
        let ids = providers.send_bytes(local, provider, bytes.clone());
        assert_eq!(ids.len() as u64, expected["accepted"], "{file}");
        Self { file: file.to_owned(), provider, bytes, expected, ids }
    }

    fn events(&self) -> &[Value] {
        self.expected["events"].as_array().unwrap()
    }
}

#[test]
fn every_file_has_an_expectation_and_every_expectation_a_file() {
    let expected: BTreeSet<String> = expectations().keys().cloned().collect();
    let present: BTreeSet<String> = profile::ALL.iter().flat_map(|row| files(row.name)).collect();
    assert_eq!(present, expected);
}

#[test]
fn events_of_all_providers_but_meta_are_delivered_as_expected() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let rows = profile::ALL.iter().filter(|row| row.provider != Provider::META);
    let sent: Vec<Sent> = rows
        .flat_map(|row| files(row.name).into_iter().map(move |file| (file, row.provider)))
        .map(|(file, provider)| Sent::send(&providers, &local, &file, provider))
        .collect();
    let count = sent.iter().map(|sent| sent.events().len()).sum();
    let events = local.delivered(count);
    assert_eq!(events.len(), count);
    let lines = tail_lines(local.state.path());
    for sent in &sent {
        for (id, expected) in sent.ids.iter().zip(sent.events()) {
            let at = events.iter().position(|event| event["id"] == *id).unwrap();
            assert_as_expected(&events[at], expected, &sent.file);
            assert_eq!(events[at]["subject"], expected["subject"], "{}", sent.file);
            assert_archived(&local, id, expected);
            // The addresses of approvers are left out.
            if sent.file.contains("order_approval") {
                assert!(!lines[at].contains("hostmaster@"), "{}", lines[at]);
                continue;
            }
            if !profile::of(sent.provider).sends_json() {
                let document: Value = serde_json::from_slice(&sent.bytes).unwrap();
                assert_eq!(events[at]["data"]["payload"], document, "{}", sent.file);
                continue;
            }
            // `tail --json` prints an event on one line, so line breaks become blanks.
            let body = String::from_utf8(sent.bytes.clone()).unwrap().replace(['\n', '\r'], " ");
            let payload = format!("\"payload\":{}", body.trim());
            assert!(lines[at].contains(&payload), "{}: {}", sent.file, lines[at]);
        }
    }
}

#[test]
fn meta_events_are_delivered_as_expected() {
    let providers = Providers::start();
    for file in files("meta-ct") {
        // A state folder for each file, since each certificate becomes an event only once.
        let local = providers.local(&[("META_DOMAINS", "example.com")]);
        let sent = Sent::send(&providers, &local, &file, Provider::META);
        let of = |event: &Value, id: &str| {
            let own = event["id"].as_str().unwrap();
            own == id || own.starts_with(&format!("{id}/"))
        };
        // Two alerts may find the same certificates; then one of them has no event.
        let kinds: BTreeSet<_> =
            sent.events().iter().map(|event| event["type"].clone().to_string()).collect();
        let events = local.events_until(|events| {
            let have: BTreeSet<_> = events.iter().map(|event| event["type"].to_string()).collect();
            have == kinds && events.len() >= sent.events().len()
        });
        for event in &events {
            let at = sent.ids.iter().position(|id| of(event, id));
            let at = at.unwrap_or_else(|| panic!("{file}: {event}"));
            let expected = &sent.events()[at];
            assert_as_expected(event, expected, &file);
            assert_archived(&local, &sent.ids[at], expected);
            assert_meta_payload(event, &sent);
        }
    }
}

/// The payload must be the document reduced to the entry and change that the event is about.
fn assert_meta_payload(event: &Value, sent: &Sent) {
    let whole: Value = serde_json::from_slice(&sent.bytes).unwrap();
    let payload = &event["data"]["payload"];
    if sent.ids.len() == 1 {
        assert_eq!(*payload, whole, "{}", sent.file);
    }
    assert_eq!(payload["object"], whole["object"]);
    assert_eq!(payload["entry"].as_array().unwrap().len(), 1, "{payload}");
    let entry = &payload["entry"][0];
    let changes =
        ["changes", "changed_fields"].map(|name| entry[name].as_array().map_or(0, Vec::len));
    assert_eq!(changes.iter().sum::<usize>(), 1, "{payload}");
}

fn assert_as_expected(event: &Value, expected: &Value, file: &str) {
    let data = &event["data"];
    assert_eq!(event["type"], expected["type"], "{file}");
    assert_eq!(data["event"], expected["event"], "{file}");
    assert_eq!(data["callback"]["outcome"], expected["callback"], "{file}: {}", data["callback"]);
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["datacontenttype"], "application/json");
    for name in ["dataschema", "time", "receivedtime", "traceparent", "source"] {
        assert!(event[name].is_string(), "{file}: {name}");
    }
    if !data["pem_chain"].is_null() {
        let ders = verified(event);
        assert_chain(&ders);
        let is_in_log = event["type"].as_str().unwrap().starts_with("certhooks.ct.");
        assert_eq!(ders.len(), if is_in_log { 1 } else { 3 }, "{file}");
        assert_eq!(data["checks"]["order"]["code"], "ok", "{file}");
        assert_eq!(data["checks"]["leaf_not_ca"]["result"], "ok", "{file}");
        let hash = data["certificates"][0]["tbs_sha256"].as_str().unwrap();
        assert_eq!(hash.len(), 64, "{file}");
    }
    let is_unchecked = data["pem_chain"].is_null();
    assert_eq!(data["verdict"] == "unchecked", is_unchecked, "{file}: {}", data["verdict"]);
    let needs_chain = ["downloaded", "included"].map(Value::from).contains(&expected["callback"]);
    assert!(!needs_chain || data["pem_chain"].is_string(), "{file}");
}

/// The envelope must be archived unchanged as `provider/yyyy/mm/dd/id`.
fn assert_archived(local: &Local, id: &str, expected: &Value) {
    let found = archive(local.state.path());
    let is_it = |key: &&String| key.ends_with(&format!("/{id}"));
    let key = found.keys().find(is_it).unwrap();
    let envelope: Value = serde_json::from_str(&found[key]).unwrap();
    assert_eq!(envelope["id"], id);
    assert_eq!(envelope["subject"], expected["subject"]);
    let received = envelope["receivedtime"].as_str().unwrap();
    let provider = envelope["source"].as_str().unwrap().split('/').nth(1).unwrap();
    let day = received[..10].replace('-', "/");
    assert_eq!(*key, format!("{provider}/{day}/{id}"));
}

pub(crate) fn all_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { all_files(&path) } else { vec![path] }).collect()
}
