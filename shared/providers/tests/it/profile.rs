//! Every row of the table of providers, against the samples and the template.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use envelope::Provider;
use providers::profile::{self, NotReceived, Profile, StackOutputs};
use providers::receiver::{Event, SecretFault};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::NOON;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sample events of a provider.
fn samples(profile: &Profile) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(profile.name);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let sample = |path: &Path| std::fs::read_to_string(path).unwrap().parse().unwrap();
    files.map(|path| (path.display().to_string(), sample(&path))).collect()
}

/// Whether every row has another one of these.
fn are_unique<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    values.collect::<BTreeSet<_>>().len() == profile::ALL.len()
}

fn receive(
    profile: &Profile,
    body: impl Into<Vec<u8>>,
    (ours, theirs): (&str, &str),
) -> Result<Vec<Event>, NotReceived> {
    let [ours, theirs] = [ours, theirs].map(|value| profile.sample_secret(value));
    let request = (profile.samples.request)(&theirs, body.into(), NOON).unwrap();
    (profile.receive)(&request.received(NOON), &ours)
}

fn ids(profile: &Profile, document: &Value) -> Vec<String> {
    let events = receive(profile, document.to_string(), (SECRET, SECRET)).unwrap();
    events.into_iter().map(|event| event.envelope.id).collect()
}

#[test]
fn every_provider_has_a_row_of_its_own() {
    assert_eq!(profile::ALL.len(), Provider::ALL.len());
    for provider in Provider::ALL {
        assert_eq!(profile::of(*provider).provider, *provider);
    }
    let rows = || profile::ALL.iter();
    assert!(are_unique(rows().map(|row| row.name)));
    assert!(are_unique(rows().map(|row| row.route)));
    assert!(are_unique(rows().map(|row| row.api.base_variable)));
    assert!(are_unique(rows().map(|row| row.api.budget_variable)));
    assert!(are_unique(rows().map(|row| row.api.secret_id_variable)));
    let members = || rows().flat_map(|row| row.webhook_secret.iter().chain([&row.api.secret]));
    let variables: BTreeSet<_> = members().map(|member| member.variable).collect();
    let names: BTreeSet<_> = members().map(|member| member.name).collect();
    assert_eq!((variables.len(), names.len()), (members().count(), members().count()));
}

#[test]
fn every_sample_is_recognised_by_its_own_row_only() {
    for row in profile::ALL {
        let samples = samples(row);
        assert!(!samples.is_empty(), "{}", row.name);
        for (name, document) in samples {
            let recognised = profile::ALL.iter().filter(|row| (row.samples.recognises)(&document));
            let recognised: Vec<_> = recognised.map(|row| row.name).collect();
            assert_eq!(recognised, [row.name], "{name}");
        }
    }
}

/// Members that many providers' events have say nothing of whose they are.
#[test]
fn an_event_of_an_unknown_provider_is_recognised_by_no_row() {
    for document in [
        json!({"event": "certificate.issued", "event_id": "evt_1", "certificate": {}}),
        json!({"object": "event", "id": "evt_1", "type": "certificate.issued", "data": {}}),
    ] {
        let recognised = profile::ALL.iter().find(|row| (row.samples.recognises)(&document));
        assert_eq!(recognised.map(|row| row.name), None, "{document}");
    }
}

#[test]
fn a_sample_event_is_received_with_its_secret_only() {
    for row in profile::ALL {
        let event = (row.samples.event)(7);
        let received = receive(row, event.clone(), (SECRET, SECRET)).unwrap();
        let [Event { envelope, .. }] = &received[..] else { panic!("{}", row.name) };
        assert_eq!(envelope.receivedtime, NOON);
        let interpretation = (row.interpret)(envelope);
        assert_eq!(interpretation.provider, row.provider);
        assert_eq!(interpretation.subject, envelope.subject);

        let other = SECRET.replace('0', "1");
        for refused in [(SECRET, other.as_str()), (other.as_str(), SECRET)] {
            let received = receive(row, event.clone(), refused);
            assert!(matches!(received, Err(NotReceived::Unverified)), "{}", row.name);
        }
        let received = receive(row, "no document", (SECRET, SECRET));
        assert!(matches!(received, Err(NotReceived::Document(_))), "{}", row.name);
        let unfilled = (row.samples.request)(&row.sample_secret("not-filled-in"), Vec::new(), NOON);
        assert_eq!(unfilled.unwrap_err(), SecretFault::NotFilledIn, "{}", row.name);
    }
}

#[test]
fn a_secret_is_a_string_or_an_object_with_its_members() {
    for row in profile::ALL {
        // A plain string is the first member; where that alone is not enough, the missing one is named.
        let event: Vec<u8> = (row.samples.event)(7).into();
        let request = (row.samples.request)(&row.sample_secret(SECRET), event, NOON).unwrap();
        match (row.receive)(&request.received(NOON), &SECRET.into()) {
            Ok(_) => {}
            Err(NotReceived::Secret(SecretFault::Missing(member))) => {
                let others = row.webhook_secret[1..].iter();
                let others: Vec<_> = others.map(|member| member.stored_as).collect();
                assert!(others.contains(&member), "{}: {member}", row.name);
            }
            Err(error) => panic!("{}: {error}", row.name),
        }
        let member = row.api.secret.stored_as;
        let key = |stored: String| (row.api.key)(&SecretString::from(stored)).is_some();
        assert!(key("key".into()) && key(format!(r#"{{"{member}":"key"}}"#)), "{}", row.name);
        assert!(!key("not-filled-in".into()) && !key("{}".into()), "{}", row.name);
    }
}

#[test]
fn events_of_other_numbers_and_copies_have_other_ids() {
    for row in profile::ALL {
        let event = |number| -> Value { (row.samples.event)(number).parse().unwrap() };
        let copy = |copy| {
            let mut document = event(1);
            (row.samples.vary)(&mut document, copy);
            document
        };
        for documents in [[event(1), event(2), event(3)], [event(1), copy(1), copy(2)]] {
            let ids = documents.iter().flat_map(|document| ids(row, document));
            assert_eq!(ids.collect::<BTreeSet<_>>().len(), 3, "{}", row.name);
        }
    }
}

#[test]
fn the_probe_holds_no_event() {
    for row in profile::ALL {
        let events = receive(row, row.samples.probe, (SECRET, SECRET)).unwrap();
        assert!(events.is_empty(), "{}", row.name);
    }
}

#[test]
fn the_template_has_the_route_the_outputs_and_the_variables() {
    let template = text("infra/aws/template.yaml");
    for row in profile::ALL {
        let StackOutputs { webhook_url, webhook_secret, api_secret } = row.stack_outputs;
        for name in [webhook_url, webhook_secret, api_secret] {
            assert!(template.contains(&format!("\n  {name}:\n")), "no output {name}");
        }
        assert_eq!(row.route, format!("/webhooks/{}", row.name), "tests find one by the other");
        assert!(template.contains(row.route), "{}", row.route);
        for variable in [row.api.base_variable, row.api.secret_id_variable] {
            assert!(template.contains(&format!(" {variable}: ")), "no variable {variable}");
        }
    }
}

#[test]
fn the_templates_secrets_have_the_members_that_are_read() {
    let template = text("infra/aws/template.yaml");
    let members = |output: &str| -> BTreeSet<String> {
        let secret = output.strip_suffix("Name").unwrap();
        let block = template.split(&format!("\n  {secret}:\n")).nth(1).expect(secret);
        let block = block.split("\n\n").next().unwrap();
        if let Some((_, generated)) = block.split_once("GenerateStringKey: ") {
            return BTreeSet::from([generated.lines().next().unwrap().to_owned()]);
        }
        let (_, stored) = block.split_once("SecretString: '").expect(secret);
        let stored = stored.split('\'').next().unwrap();
        serde_json::from_str::<BTreeMap<String, String>>(stored).unwrap().into_keys().collect()
    };
    for row in profile::ALL {
        let read: BTreeSet<_> =
            row.webhook_secret.iter().map(|member| member.stored_as.to_owned()).collect();
        assert_eq!(members(row.stack_outputs.webhook_secret), read, "{}", row.name);
        let key = &row.api.secret;
        assert_eq!(members(row.stack_outputs.api_secret), [key.stored_as.to_owned()].into());
        // By this the tests of the stack tell the simulator which key to expect.
        let variable = format!("{}_{}", row.provider.as_str(), key.stored_as).to_uppercase();
        assert_eq!(key.variable, variable);
    }
}

#[test]
fn without_settings_every_provider_can_be_called_back() {
    for row in profile::ALL {
        assert!((row.enrichers)(&|_| None).is_ok(), "{}", row.name);
    }
}
