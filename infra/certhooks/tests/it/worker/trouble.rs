use std::time::Duration;

use serde_json::Value;
use simulator::{Fault, Rule};

use crate::documents::{deployed, issued, rejected};
use crate::providers::Providers;
use crate::x509::{assert_chain, verified};

fn limited(retry_after: Option<u64>) -> Fault {
    Fault::RateLimited { retry_after, status: None }
}

fn server_error(status: u16) -> Fault {
    Fault::ServerError { status: Some(status) }
}

/// One fault, and then the provider is well again: delivered whole, by the second call, which does
/// not come before its time.
#[test]
fn passing_trouble_is_tried_again() {
    let providers = Providers::start();
    let local = providers.local(&[("CALLBACK_TIMEOUT_SECONDS", "1")]);
    let soon = Duration::from_millis(900);
    let table = [
        (limited(Some(3)), "rate_limited", Duration::from_millis(2900)),
        (limited(None), "rate_limited", soon),
        (server_error(500), "unavailable", soon),
        (server_error(502), "unavailable", soon),
        (server_error(503), "unavailable", soon),
        (server_error(504), "timeout", soon),
        (Fault::Slow { millis: 2500 }, "timeout", soon),
        (Fault::Hang, "timeout", soon),
        (Fault::Reset, "unreadable", soon),
        (Fault::CutOff, "unreadable", soon),
        (Fault::Empty, "unreadable", soon),
        (Fault::TruncatedPem, "unreadable", soon),
        (Fault::NotReady, "not_ready", soon),
    ];
    let path = |number: usize| format!("/certificate/{}/", 5001 + number);
    for (number, (fault, ..)) in table.iter().enumerate() {
        let rule = Rule::new(format!("/services/v2{}", path(number)), fault.clone());
        providers.faults().add(rule.times(1));
    }
    let ids: Vec<_> = (0..table.len() as u64)
        .map(|number| providers.send_one(&local, &issued(5001 + number)))
        .collect();
    for (number, (fault, reason, at_least)) in table.iter().enumerate() {
        let event = local.event(&ids[number]);
        let callback = &event["data"]["callback"];
        assert_eq!(callback["outcome"], "downloaded", "{fault:?}: {callback}");
        assert_eq!(callback["attempts"], 2, "{fault:?}");
        assert!(callback["reason"].is_null(), "{fault:?}: {callback}");
        assert_chain(&verified(&event));

        let waits = local.put_back(&ids[number], 1);
        assert_eq!(waits.len(), 1, "{fault:?}: {waits:?}");
        assert_eq!(waits[0]["reason"], *reason, "{fault:?}: {waits:?}");

        let seen = providers.seen(&path(number));
        assert_eq!(seen.len(), 2, "{fault:?}: {seen:?}");
        let apart = seen[1].elapsed - seen[0].elapsed;
        assert!(apart >= *at_least, "{fault:?}: asked again after {apart:?}");
    }
}

/// The delay doubles from 2 s, less up to half of it.
#[test]
fn waiting_times_double_with_jitter_up_to_fifteen_minutes() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let rules = [
        Rule::new("/services/v2/certificate/5201/", server_error(503)),
        Rule::new("/services/v2/certificate/5202/", limited(Some(100_000))),
    ];
    providers.faults().set(rules);
    let ids = [5201, 5202].map(|id| providers.send_one(&local, &issued(id)));
    let delays: Vec<u64> = local
        .put_back(&ids[0], 2)
        .iter()
        .map(|line| line["delay_seconds"].as_u64().unwrap())
        .collect();
    for (delay, range) in delays.iter().zip([1..=2, 2..=4]) {
        assert!(range.contains(delay), "{delays:?}");
    }
    assert_eq!(local.put_back(&ids[1], 1)[0]["delay_seconds"], 900);
    assert!(local.delivered_within(Duration::ZERO).is_empty());
}

/// The other endpoints: order info and custom hostname details.
#[test]
fn details_are_tried_again_too() {
    let providers = Providers::start();
    let local = providers.local(&[("CALLBACK_TIMEOUT_SECONDS", "1")]);
    let faults = [
        (limited(Some(1)), "rate_limited"),
        (server_error(500), "unavailable"),
        (Fault::Reset, "unreadable"),
        (Fault::Hang, "timeout"),
        (Fault::CutOff, "unreadable"),
        (Fault::Html, "unreadable"),
        (Fault::Redirect { location: "http://127.0.0.1:9/".into() }, "unreadable"),
    ];
    let mut sent = Vec::new();
    for (number, (fault, reason)) in faults.into_iter().enumerate() {
        let order = 6001 + number as u64;
        let hostname = format!("hostname{order}");
        for path in [
            format!("/services/v2/order/certificate/{order}"),
            format!("/client/v4/zones/z/custom_hostnames/{hostname}"),
        ] {
            providers.faults().add(Rule::new(path, fault.clone()).times(1));
        }
        for event in [rejected(order), deployed("z", &hostname)] {
            sent.push((providers.send_one(&local, &event), fault.clone(), reason));
        }
    }
    for (id, fault, reason) in sent {
        let callback: Value = local.event(&id)["data"]["callback"].clone();
        assert_eq!(callback["outcome"], "queried", "{fault:?}: {callback}");
        assert_eq!(callback["attempts"], 2, "{fault:?}: {callback}");
        assert_eq!(local.put_back(&id, 1)[0]["reason"], reason, "{fault:?}");
    }
}
