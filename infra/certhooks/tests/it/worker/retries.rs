use std::time::Duration;

use serde_json::Value;
use simulator::{Fault, Rule};

use crate::documents::{deployed, issued, rejected};
use crate::harness::tail;
use crate::providers::Providers;
use crate::x509::{assert_chain, verified};

fn limited(retry_after: Option<u64>) -> Fault {
    Fault::RateLimited { retry_after, status: None }
}

fn server_error(status: u16) -> Fault {
    Fault::ServerError { status: Some(status) }
}

/// The first call fails, the second succeeds, and is not made before its delay.
#[test]
fn temporary_errors_are_retried() {
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

        let retries = local.retries(&ids[number], 1);
        assert_eq!(retries.len(), 1, "{fault:?}: {retries:?}");
        assert_eq!(retries[0]["reason"], *reason, "{fault:?}: {retries:?}");

        let seen = providers.seen(&path(number));
        assert_eq!(seen.len(), 2, "{fault:?}: {seen:?}");
        let apart = seen[1].elapsed - seen[0].elapsed;
        assert!(apart >= *at_least, "{fault:?}: called again after {apart:?}");
    }
}

/// The delay is 2 s at first and doubles, less a jitter of up to half of it.
#[test]
fn delays_double_with_jitter_up_to_fifteen_minutes() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let rules = [
        Rule::new("/services/v2/certificate/5201/", server_error(503)),
        Rule::new("/services/v2/certificate/5202/", limited(Some(100_000))),
    ];
    providers.faults().set(rules);
    let ids = [5201, 5202].map(|id| providers.send_one(&local, &issued(id)));
    let delays: Vec<u64> = local
        .retries(&ids[0], 2)
        .iter()
        .map(|line| line["delay_seconds"].as_u64().unwrap())
        .collect();
    for (delay, range) in delays.iter().zip([1..=2, 2..=4]) {
        assert!(range.contains(delay), "{delays:?}");
    }
    assert_eq!(local.retries(&ids[1], 1)[0]["delay_seconds"], 900);
    // Both retries were logged at the end of their attempt.
    assert!(tail(local.state.path()).is_empty());
}

/// Order info and custom hostname details are retried as downloads are.
#[test]
fn queries_are_retried_too() {
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
        assert_eq!(local.retries(&id, 1)[0]["reason"], reason, "{fault:?}");
    }
}
