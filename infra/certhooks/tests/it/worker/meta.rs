use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Settings;

use crate::canned::Canned;
use crate::documents::{observed, phishing};
use crate::harness::tail;
use crate::providers::Providers;
use crate::x509::verified;

fn fingerprints(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["data"]["certificates"][0]["fingerprint_sha256"].as_str().unwrap())
        .collect()
}

/// A page has 500 certificates; the simulator has 510.
#[test]
fn every_certificate_of_every_page_is_one_event() {
    let settings = Settings { certificates_per_domain: 510, ..Settings::default() };
    let providers = Providers::start_with(settings);
    let local = providers.local(&[("META_DOMAINS", "example.com")]);
    // The simulator takes an unknown id as one more certificate of the domain.
    let first = providers.send_one(&local, &observed("4000000"));
    let events = local.delivered(511);
    assert_eq!(events.len(), 511);
    let fingerprints = fingerprints(&events);
    assert_eq!(fingerprints.iter().collect::<BTreeSet<_>>().len(), 511);
    for (event, fingerprint) in events.iter().zip(&fingerprints) {
        assert_eq!(event["id"], format!("{first}/{fingerprint}"));
        assert_eq!(event["subject"], format!("meta/certificate/{fingerprint}"));
        assert_eq!(event["type"], "certhooks.ct.certificate_observed");
        assert_eq!(event["data"]["callback"]["outcome"], "queried");
        assert_eq!(event["data"]["certificates"].as_array().unwrap().len(), 1);
    }
    verified(&events[0]);
    let pages = providers.seen("/certificates");
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert!(pages.iter().all(|page| page.query.contains("query=example.com")), "{pages:?}");

    // Another alert finds the same certificates; only that of its own id is new.
    let second = providers.send_one(&local, &observed("4000001"));
    let events = local.delivered(512);
    let lines = local.log_until(&second, |lines| lines.len() >= 2);
    assert_eq!((&lines[1]["new"], &lines[1]["known"]), (&1.into(), &510.into()), "{lines:?}");
    assert!(events.last().unwrap()["id"].as_str().unwrap().starts_with(&format!("{second}/")));
    let third = providers.send_one(&local, &observed("4000001"));
    assert_eq!(third, second, "the same alert again");
    local.settle();
    assert_eq!(tail(local.state.path()).len(), 512);
}

/// Graph's `paging.next` is an absolute address that holds the token. Only the cursor is used.
#[test]
fn cursors_are_followed_up_to_the_page_limit_and_addresses_are_not() {
    let elsewhere = Canned::start(|_| (200, "{}".into()));
    let next = format!("http://{}/certificates?after=", elsewhere.address);
    let canned = Canned::start(move |target| {
        if !target.starts_with("/certificates") || target.contains("refused") {
            let error = json!({"code": 100, "type": "OAuthException"});
            return (400, json!({"error": error}).to_string());
        }
        let after = target.split_once("after=").map_or("0", |(_, after)| after);
        let page: u32 = after.split('&').next().unwrap().parse().unwrap();
        let is_endless = target.contains("endless");
        let name = if is_endless { "e" } else { "a" };
        let data = [json!({"id": format!("{name}{page}"), "domains": ["a.example"]})];
        let mut paging = json!({"cursors": {"before": "0", "after": (page + 1).to_string()}});
        if is_endless || page < 4 {
            paging["next"] = json!(format!("{next}{}", page + 1));
        }
        (200, json!({"data": data, "paging": paging}).to_string())
    });
    let providers = Providers::start();
    let base = format!("http://{}", canned.address);
    let variables = [
        ("META_API_BASE", base.as_str()),
        ("META_DOMAINS", "a.example,refused.example,endless.example"),
    ];
    let local = providers.local(&variables);
    let id = providers.send_one(&local, &observed("1"));
    let lines = local.log_until(&id, |lines| lines.iter().any(|line| !line["new"].is_null()));
    assert_eq!(lines.last().unwrap()["new"], 5 + 20, "{lines:?}");
    for problem in
        ["endless.example: search ended after 20 pages", "refused.example: lookup failed: refused"]
    {
        assert!(lines.iter().any(|line| line["problem"] == problem), "{lines:?}");
    }
    let count = |domain: &str| {
        let query = format!("query={domain}&");
        canned.targets().iter().filter(|target| target.contains(&query)).count()
    };
    assert_eq!((count("a.example"), count("endless.example")), (5, 20));
    assert_eq!(elsewhere.targets(), Vec::<String>::new());
    assert_eq!(local.delivered(25).len(), 25);
}

#[test]
fn the_domains_of_the_app_are_searched() {
    let settings = Settings {
        subscribed_domains: vec!["a.example".into(), "b.example".into()],
        certificates_per_domain: 2,
        ..Settings::default()
    };
    let providers = Providers::start_with(settings);
    let local = providers.local(&[("META_APP_ID", "7700")]);
    providers.send_one(&local, &observed("4000000"));
    let events = local.delivered(5);
    let mut names: Vec<_> = events
        .iter()
        .map(|event| event["data"]["certificates"][0]["names"]["dns"][0].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let expected = [
        "www-0.a.example",
        "www-0.b.example",
        "www-1.a.example",
        "www-1.b.example",
        "www-4000000.a.example",
    ];
    assert_eq!(names, expected);
    assert_eq!(providers.seen("/7700/subscribed_domains").len(), 1);
}

#[test]
fn an_alert_with_nothing_to_find_is_one_event() {
    let settings = Settings { certificates_per_domain: 0, ..Settings::default() };
    let providers = Providers::start_with(settings);
    let local = providers.local(&[("META_DOMAINS", "example.com")]);
    let mut event = observed("x");
    event["entry"][0]["id"] = json!("../x");
    let id = providers.send_one(&local, &event);
    let event = local.event(&id);
    assert_eq!(event["data"]["callback"]["outcome"], "queried");
    assert_eq!(event["data"]["certificates"], json!([]));
    assert_eq!(event["subject"], "meta/certificate/unknown");
}

/// Each suspected name is searched; text that is not a DNS name is skipped.
#[test]
fn phishing_names_are_searched_and_invalid_ones_skipped_with_their_reason() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let domains = [
        "evil.example",
        "xn\u{2014}facbook-9gg.ml",
        "a b.example",
        "*.evil2.example",
        "evil.example",
    ];
    let id = providers.send_one(&local, &phishing("4000000", &domains));
    let event = local.event(&id);
    let data = &event["data"];
    assert_eq!(
        (&event["type"], &event["subject"]),
        (&"certhooks.ct.phishing_suspected".into(), &"meta/domain/example.com".into())
    );
    assert_eq!(data["callback"]["outcome"], "queried");
    let problems = data["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.as_str().unwrap().contains("skipped")));
    assert!(problems[0].as_str().unwrap().contains("U+2014"), "{problems:?}");
    let mut searches: Vec<_> =
        providers.seen("/certificates").into_iter().map(|seen| seen.query).collect();
    searches.sort_unstable();
    assert_eq!(searches.len(), 2, "{searches:?}");
    assert!(
        searches[0].contains("query=evil.example&") && searches[1].contains("query=evil2.example&")
    );
    assert_eq!(providers.seen("/4000000").len(), 1);
    verified(&event);
    assert_eq!(data["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(data["related"].as_array().unwrap().len(), 6, "three for each name");
}

/// Graph's errors are classified by their code, not by the status.
#[test]
fn temporary_graph_errors_are_retried() {
    let canned = Canned::start(|target| {
        let number = |name: &str| -> Option<u64> {
            target.split_once(name)?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        let (status, code) = (number("status").unwrap_or(200), number("code").unwrap_or(0));
        let is_transient = target.contains("transient");
        let error = json!({"code": code, "is_transient": is_transient, "message": "m"});
        (status as u16, json!({"error": error}).to_string())
    });
    let providers = Providers::start();
    let base = format!("http://{}/graph", canned.address);
    let local = providers.local(&[("META_API_BASE", &base)]);
    let again = [
        ("code4status403", "rate_limited"),
        ("code17status400", "rate_limited"),
        ("code32status200", "rate_limited"),
        ("code613status400", "rate_limited"),
        ("code1status400", "unavailable"),
        ("code2status200", "unavailable"),
        ("code99999status400transient", "unavailable"),
        ("code100status400transient", "unavailable"),
    ];
    for (name, reason) in again {
        let event = phishing("../", &[&format!("{name}.example")]);
        let id = providers.send_one(&local, &event);
        let retries = local.retries(&id, 1);
        assert_eq!(retries[0]["reason"], reason, "{name}: {retries:?}");
        assert_eq!(retries[0]["level"], "WARN", "{name}: {retries:?}");
    }
    let id = providers.send_one(&local, &phishing("../", &["code803status500.example"]));
    let callback = &local.event(&id)["data"]["callback"];
    assert_eq!((&callback["outcome"], &callback["attempts"]), (&"failed".into(), &1.into()));
}
