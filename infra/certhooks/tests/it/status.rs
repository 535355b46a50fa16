//! `certhooks status`, also for events that arrived out of order.

use serde_json::{Value, json};

use crate::harness::{Folder, Local, certhooks};
use crate::wire::Request;

fn digicert(local: &Local, event: &str, order: u64, certificate: u64) -> String {
    let data = json!({ "order_id": order, "certificate_id": certificate });
    let body = json!({ "event": event, "data": data }).to_string();
    let id = Request::digicert(body).send(local).accepted_one();
    local.settle();
    id
}

fn cloudflare(local: &Local, step: &str, created_at: Option<&str>) -> String {
    let event = format!("ssl.custom_hostname_certificate.{step}");
    let body = json!({
        "metadata": {
            "event": { "id": "w", "type": event, "created_at": created_at },
            "zone": { "id": "zone1" },
        },
        "data": { "id": "h1", "hostname": "Shop.example.com", "ssl": { "id": "c1" } },
    });
    let id = Request::cloudflare(body.to_string()).send(local).accepted_one();
    local.settle();
    id
}

/// Exit status, standard output, standard error.
fn status(local: &Local, arguments: &[&str]) -> (i32, String, String) {
    let state = ["--state", local.state.path().to_str().unwrap()];
    let output = certhooks(&[], &[&["status"], arguments, &state].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The history of the only certificate with that name.
fn shown(local: &Local, name: &str) -> Value {
    let (code, out, err) = status(local, &[name, "--json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{name}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{name}: {error}\n{out}"))
}

/// Id and `ordering` of each delivered event.
fn orderings(local: &Local, count: usize) -> Vec<(String, Value)> {
    let delivered = local.delivered(count);
    let one = |event: &Value| (event["id"].as_str().unwrap().to_owned(), event["ordering"].clone());
    delivered.iter().map(one).collect()
}

#[test]
fn certcentral_events_are_ordered_by_the_lifecycle() {
    let local = Local::simulated();
    let revoked = digicert(&local, "certificate_revoked", 12, 77);
    let issued = digicert(&local, "certificate_issued", 12, 77);
    let reissued = digicert(&local, "certificate_issued", 12, 78);
    assert_eq!(
        orderings(&local, 3),
        [
            (revoked.clone(), Value::Null),
            (issued.clone(), json!("stale")),
            // Another certificate of the same order has a lifecycle of its own.
            (reissued, Value::Null),
        ]
    );

    let whole = shown(&local, "digicert/certificate/77");
    assert_eq!(whole["state"]["type"], "certhooks.certificate.revoked");
    assert_eq!(whole["state"]["id"], revoked);
    let [first, second] = &whole["history"].as_array().unwrap()[..] else { panic!("{whole}") };
    assert_eq!((&first["id"], &first["ordering"]), (&json!(revoked), &Value::Null));
    assert_eq!((&second["id"], &second["ordering"]), (&json!(issued), &json!("stale")));
    assert_eq!(
        second["callback"],
        json!({ "outcome": "downloaded", "attempts": 1, "status": 200 })
    );
    assert!(whole["not_after"].is_string(), "{whole}");

    // A certificate is found by its serial number in any notation, and by a DNS name of the leaf.
    let serial = second["serial_numbers"][0].as_str().unwrap();
    let octets: Vec<_> =
        serial.as_bytes().chunks(2).map(|two| str::from_utf8(two).unwrap()).collect();
    let colons = octets.join(":").to_lowercase();
    for name in
        [serial, &colons, &format!("00{serial}"), &format!("0x{serial}"), "www-77.example.com"]
    {
        let certificates = status(&local, &[name, "--json"]);
        assert!(certificates.1.contains(r#""certificate":"digicert/certificate/77""#), "{name}");
    }
    // An order finds all of its certificates.
    let (code, out, _) = status(&local, &["12"]);
    let is_head = |line: &&str| line.starts_with("digicert/");
    let heads: Vec<_> = out.lines().filter(is_head).collect();
    assert_eq!(
        (code, &heads[..]),
        (0, &["digicert/certificate/77", "digicert/certificate/78"][..])
    );
    assert!(out.contains("certificate.revoked since ") && out.contains(" stale "), "{out}");
}

#[test]
fn cloudflare_events_are_ordered_by_their_own_time() {
    let local = Local::start(&[]);
    let mut expected = Vec::new();
    for (step, created_at, ordering) in [
        ("deployment.succeeded", Some("2026-02-01T00:00:05Z"), Value::Null),
        ("issuance.succeeded", Some("2026-02-01T00:00:03Z"), json!("stale")),
        ("validation.succeeded", Some("2026-02-01T00:00:01Z"), json!("stale")),
        // A renewal begins the lifecycle anew.
        ("renewal.succeeded", Some("2026-04-01T00:00:01Z"), Value::Null),
        ("issuance.succeeded", Some("2026-04-01T00:00:02Z"), Value::Null),
        // Not a known part of the lifecycle.
        ("migration.succeeded", Some("2026-01-01T00:00:00Z"), Value::Null),
        // An event without a time of its own has that of its receipt.
        ("deployment.succeeded", None, Value::Null),
        ("deployment.failed", Some("2026-04-01T00:00:03Z"), json!("stale")),
    ] {
        expected.push((cloudflare(&local, step, created_at), ordering));
    }
    assert_eq!(orderings(&local, expected.len()), expected);
    let whole = shown(&local, "shop.EXAMPLE.com.");
    assert_eq!(whole["certificate"], "cloudflare/zone/zone1/hostname/shop.example.com");
    assert_eq!(whole["state"]["type"], "certhooks.certificate.deployed");
    assert_eq!(whole["state"]["id"], expected[6].0);
    assert_eq!(whole["history"].as_array().unwrap().len(), 7);
    assert_eq!(whole["history"][1]["ordering"], "stale");
}

/// A restart keeps states and histories; a redelivery is neither delivered nor recorded again.
#[test]
fn histories_survive_a_restart() {
    let local = Local::start(&[]);
    digicert(&local, "certificate_revoked", 12, 77);
    let state = local.kill();
    let local = Local::start_in(state, &[], &[]);
    digicert(&local, "certificate_revoked", 12, 77);
    digicert(&local, "certificate_issued", 12, 77);
    let orderings: Vec<_> =
        orderings(&local, 2).into_iter().map(|(_, ordering)| ordering).collect();
    assert_eq!(orderings, [Value::Null, json!("stale")]);
    assert_eq!(shown(&local, "12")["history"].as_array().unwrap().len(), 2);
}

#[test]
fn an_unknown_certificate_is_not_found() {
    let local = Local::start(&[]);
    // A notice is not about a certificate; an event without a certificate id is recorded under none.
    let notice = json!({ "event": "domain_validated", "data": { "domain_name": "example.com" } });
    let unusable = json!({ "event": "certificate_issued", "data": { "certificate_id": "x" } });
    for body in [notice, unusable] {
        Request::digicert(body.to_string()).send(&local).accepted_one();
    }
    local.settle();
    for name in ["example.com", "12", "0A:1B", "digicert/certificate/unknown"] {
        let (code, out, err) = status(&local, &[name]);
        assert_eq!((code, out.as_str()), (3, ""), "{name}");
        assert!(err.starts_with(&format!("certhooks: {name}: not found")), "{err}");
    }
    let (code, _, err) = status(&local, &["12", "--json"]);
    assert_eq!((code, serde_json::from_str::<Value>(&err).unwrap()["exit"].clone()), (3, json!(3)));

    let folder = Folder::new();
    let folder = folder.path().to_str().unwrap();
    let output = certhooks(&[], &["status", "12", "--state", folder]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(folder));
    for wrong in [&["status"][..], &["status", ""]] {
        assert_eq!(certhooks(&[], wrong).status.code(), Some(2));
    }
}
