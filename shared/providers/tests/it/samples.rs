use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use envelope::{Envelope, Outcome};
use providers::dispatch;
use providers::interpretation::Plan;
use providers::profile::{self, Profile};
use serde::Deserialize;

use crate::support::NOON;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    accepted: usize,
    #[serde(default)]
    challenge: bool,
    events: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    event: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    callback: Outcome,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn expectations() -> BTreeMap<String, Expectation> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn envelopes(name: &str) -> Vec<Envelope> {
    let body = std::fs::read(folder().join(name)).unwrap();
    let is_its_folder = |row: &&&Profile| name.split('/').next() == Some(row.name);
    let row = profile::ALL.iter().find(is_its_folder);
    let row = row.unwrap_or_else(|| panic!("{name} is in no folder of a provider"));
    let secret = row.sample_secret("0123456789abcdef0123456789abcdef");
    let request = (row.samples.request)(&secret, body, NOON).unwrap().received(NOON);
    let events = (row.receive)(&request, &secret);
    let events = events.unwrap_or_else(|error| panic!("{name}: {error}"));
    events.into_iter().map(|event| event.envelope).collect()
}

#[test]
fn every_file_has_an_expectation_and_every_expectation_a_file() {
    let mut files = BTreeSet::new();
    for Profile { name: folder_name, .. } in profile::ALL {
        for file in std::fs::read_dir(folder().join(folder_name)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            files.insert(format!("{folder_name}/{name}"));
        }
    }
    assert_eq!(files, expectations().into_keys().collect());
}

#[test]
fn every_file_is_interpreted_as_expected() {
    for (name, expected) in expectations() {
        let envelopes = envelopes(&name);
        assert_eq!(envelopes.len(), expected.accepted, "{name}");
        let challenges = envelopes.iter().filter(|envelope| is_challenge(envelope)).count();
        assert_eq!(challenges, usize::from(expected.challenge), "{name}");
        let delivered = if expected.challenge { &[] } else { &envelopes[..] };
        assert_eq!(delivered.len(), expected.events.len(), "{name}");
        for (envelope, expected) in delivered.iter().zip(&expected.events) {
            assert_as_expected(envelope, expected, &name);
        }
    }
}

#[test]
fn no_two_samples_are_the_same_event() {
    let ids: Vec<_> = expectations()
        .keys()
        .flat_map(|name| envelopes(name))
        .map(|envelope| envelope.id)
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

fn is_challenge(envelope: &Envelope) -> bool {
    dispatch::interpret(envelope).unwrap().challenge.is_some()
}

fn assert_as_expected(envelope: &Envelope, expected: &Expected, name: &str) {
    let interpretation = dispatch::interpret(envelope).unwrap();
    assert_eq!(envelope.subject, interpretation.subject, "{name}");
    let Expected { event, kind, subject, callback } = expected;
    let expected = (event.as_str(), kind.as_str(), subject.as_str());
    let kind = interpretation.kind.to_string();
    assert_eq!((&*interpretation.event, &*kind, &*interpretation.subject), expected, "{name}");
    let can_be = match interpretation.plan {
        Plan::NotNeeded => *callback == Outcome::NotNeeded,
        Plan::UnusableId => *callback == Outcome::Failed,
        // Which of them, `certhooks local` tells, since it calls the simulated provider.
        Plan::CallBack => matches!(callback, Outcome::Downloaded | Outcome::Queried),
    };
    assert!(can_be, "{name}: {callback:?} after {:?}", interpretation.plan);
}
