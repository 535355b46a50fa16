//! The contract of the webhook endpoints (infra/docs/architecture.md, "Answers of the webhook
//! endpoints"), row by row, over real sockets.

mod address;
mod batch;
mod body;
mod cloudflare;
mod digicert;
mod document;
mod handshake;
mod identity;
mod key;
mod queue;
mod rotation;
mod route;
mod signature;
mod strangers;

use std::collections::BTreeSet;

use providers::profile;
use serde_json::Value;

use crate::harness::{Local, tail};
use crate::wire::{CLOUDFLARE, DIGICERT, META};

/// The routes of all providers.
fn routes() -> Vec<&'static str> {
    profile::ALL.iter().map(|row| row.route).collect()
}

/// The routes of the providers that send JSON.
fn json_routes() -> Vec<&'static str> {
    profile::ALL.iter().filter(|row| row.sends_json()).map(|row| row.route).collect()
}

/// An event without call-back, a different one for each number.
fn event(route: &str, number: u64) -> String {
    match route {
        DIGICERT => format!(
            r#"{{"event":"domain_validated","data":{{"domain_id":{number},"domain_name":"example.com"}}}}"#
        ),
        CLOUDFLARE => format!(
            r#"{{"metadata":{{"event":{{"id":"e{number}","type":"ssl.custom_hostname_certificate.deletion.succeeded"}},"zone":{{"id":"z1"}}}},"data":{{"id":"h{number}","hostname":"n{number}.example.com"}}}}"#
        ),
        META => format!(
            r#"{{"object":"certificate_transparency","entry":[{{"id":"{number}","time":1510160948,"changes":[{{"field":"other","value":{number}}}]}}]}}"#
        ),
        other => {
            (profile::ALL.iter().find(|row| row.route == other).unwrap().samples.event)(number)
        }
    }
}

/// Asserts that exactly these events were accepted and delivered, each once, and returns them.
#[track_caller]
fn delivers_only(local: &Local, ids: &[String]) -> Vec<Value> {
    local.settle();
    let events = tail(local.state.path());
    let delivered: BTreeSet<&str> =
        events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    let expected: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(delivered, expected);
    assert_eq!(events.len(), expected.len(), "an event was delivered twice");
    // The log of the webhook endpoint names the events that it put on the queue.
    let accepted = local.logged(0, |line| line["message"] == "accepted");
    let accepted: BTreeSet<&str> =
        accepted.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(accepted, expected);
    events
}
