use std::collections::BTreeSet;

use contract::{Contract, Files, deliveries, repository};
use envelope::{EventType, Outcome};
use serde_json::{Value, json};

fn examples() -> Vec<Value> {
    let examples = Files::new(repository()).examples().unwrap();
    examples.iter().map(|example| example.value().unwrap()).collect()
}

#[tokio::test]
async fn every_delivery_of_the_samples_keeps_to_the_contract() {
    let contract = Contract::new().unwrap();
    let delivered = deliveries(&repository().join("events")).await.unwrap();
    assert!(delivered.len() > 40, "{}", delivered.len());
    for event in delivered {
        assert_eq!(contract.violations(&event), Vec::<String>::new(), "{event:#}");
    }
}

#[test]
fn every_example_keeps_to_the_contract() {
    let contract = Contract::new().unwrap();
    for event in examples() {
        assert_eq!(contract.violations(&event), Vec::<String>::new(), "{event:#}");
    }
}

#[test]
fn every_type_and_outcome_has_an_example() {
    let examples = examples();
    let kinds: BTreeSet<_> = examples.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, EventType::ALL.iter().map(|kind| kind.as_str()).collect());
    let outcome = |event: &Value| event["data"]["callback"]["outcome"].as_str().map(str::to_owned);
    let outcomes: BTreeSet<_> = examples.iter().filter_map(outcome).collect();
    assert_eq!(outcomes, Outcome::ALL.iter().map(|outcome| outcome.to_string()).collect());
}

/// Each of these must be found, or the checks above say nothing.
#[test]
fn what_breaks_the_contract_is_found() {
    let contract = Contract::new().unwrap();
    let issued = examples()
        .into_iter()
        .find(|event| {
            event["type"] == "certhooks.certificate.issued"
                && event["data"]["pem_chain"].is_string()
        })
        .unwrap();
    for (pointer, value) in [
        ("/time", json!("2026-01-01T00:00:00Z")),
        ("/receivedtime", json!(1_780_000_000)),
        ("/type", json!("certhooks.certificate.invented")),
        ("/dataschema", json!("urn:certhooks:certificate-event:2")),
        ("/attempts", json!(1)),
        ("/sourceaddress", json!("192.0.2.7")),
        ("/simulated", json!(false)),
        ("/ordering", json!(null)),
        ("/data/unknown", json!("x")),
        ("/data/provider", json!("nobody")),
        ("/data/identifiers/order_id", json!(7)),
        ("/data/identifiers/zone_id", json!("0123456789abcdef0123456789abcdef")),
        ("/data/callback/outcome", json!("perhaps")),
        ("/data/callback/reason", json!(null)),
        ("/data/certificates/0/serial_number", json!("0a1b")),
        ("/data/certificates/0/serial_number", json!("001B")),
        ("/data/certificates/0/not_after", json!("2026-01-01")),
        ("/data/certificates/0/fingerprint_sha256", json!("AB".repeat(32))),
        ("/data/certificates/0/certificate_authority", json!("DigiCertInc")),
        ("/data/checks/path/code", json!("repeated")),
        ("/data/checks/path/result", json!("maybe")),
        (
            "/data/dcv",
            json!({"method": "http", "records": [], "delegation": null, "expires": null}),
        ),
        (
            "/data/pem_chain",
            json!("-----BEGIN CERTIFICATE-----\r\nMA==\r\n-----END CERTIFICATE-----\r\n"),
        ),
    ] {
        let mut event = issued.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value.clone();
        assert!(!contract.violations(&event).is_empty(), "{pointer}: {value}");
    }
}
