//! What the logs show, compared with what was issued, through the compiled command.

use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::documents::issued;
use crate::harness::{Local, NO_SECRETS, certhooks, folder_with_secrets, tail};
use crate::wire::Request;

const ROUTE: &str = "/webhooks/certspotter";

pub(crate) fn local() -> Local {
    let grace = [&NO_SECRETS[..], &[("CT_GRACE_MINUTES", "0")]].concat();
    Local::start_in(Arc::new(folder_with_secrets()), &grace, &["--simulate"])
}

/// The webhook of Cert Spotter for a certificate in PEM.
pub(crate) fn webhook(id: &str, pem: &str) -> Request {
    let der = pem.split("-----").nth(2).unwrap().split_whitespace().collect::<String>();
    let issuer = json!({"name": "CN=CA", "caa_domains": ["ca.example"]});
    let body = json!({"id": id, "issuance": {"id": id, "issuer": issuer, "cert_der": der}});
    Request::to(ROUTE, body.to_string())
}

pub(crate) fn unknown() -> (rcgen::KeyPair, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["shop.example".to_owned()]).unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (key, pem)
}

/// The states that were delivered about certificates of the logs, once there are this many.
pub(crate) fn states(local: &Local, count: usize) -> Vec<Value> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let mut events = tail(local.state.path());
        events.retain(|event| event["data"]["correlation"].is_object());
        if events.len() >= count || std::time::Instant::now() > deadline {
            assert_eq!(events.len(), count, "{events:?}");
            return events;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn what_certcentral_announced_is_expected_and_anything_else_is_not() {
    let local = local();
    let id = Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    let announced = local.event(&id);
    let pem = announced["data"]["pem_chain"].as_str().unwrap();
    webhook("1", pem).send(&local).accepted_one();
    let expected = states(&local, 1).remove(0);
    assert_eq!(expected["type"], "certhooks.ct.certificate_expected");
    let correlation = &expected["data"]["correlation"];
    assert_eq!(
        (&correlation["rule"], &correlation["issuance"]["id"]),
        (&json!("tbs_sha256"), &json!(id))
    );
    assert_eq!(expected["simulated"], true);

    let (_, pem) = unknown();
    webhook("2", &pem).send(&local).accepted_one();
    let unexpected = states(&local, 2).remove(1);
    assert_eq!(unexpected["type"], "certhooks.ct.certificate_unexpected");
    assert_eq!(unexpected["data"]["correlation"]["caa_domains"], json!(["ca.example"]));
    assert_eq!(unexpected["data"]["certificates"][0]["names"]["dns"], json!(["shop.example"]));
}

#[test]
fn a_key_that_is_named_ends_the_alarm() {
    let local = local();
    let (key, pem) = unknown();
    webhook("1", &pem).send(&local).accepted_one();
    states(&local, 1);
    let file = local.state.path().join("key.pub");
    fs::write(&file, key.public_key_pem()).unwrap();
    let state = local.state.path().to_str().unwrap();
    let expect = |names: &[&str]| {
        let mut arguments = vec!["expect", file.to_str().unwrap(), "--state", state, "--json"];
        arguments.extend(names.iter().flat_map(|name| ["--name", name]));
        certhooks(&NO_SECRETS, &arguments)
    };
    assert_eq!(expect(&[]).status.code(), Some(2), "a key has no names");
    let nobody = ["expect", "--issuer", "", "--name", "shop.example", "--state", state];
    assert_eq!(certhooks(&NO_SECRETS, &nobody).status.code(), Some(2), "an unset variable");
    let output = expect(&["shop.example"]);
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["concerned"], 1, "{output:?}");
    let resolved = states(&local, 2).remove(1);
    assert_eq!(resolved["type"], "certhooks.ct.certificate_resolved");
    assert_eq!(resolved["data"]["correlation"]["rule"], "spki_sha256");
    assert_eq!(resolved["data"]["correlation"]["issuance"]["provider"], Value::Null);
    fs::write(&file, key.serialize_pem()).unwrap();
    let refused = expect(&["shop.example"]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && error.contains("private key"), "{error}");
}

/// The script of the handbook for those who run certspotter themselves.
#[test]
fn the_script_for_an_own_certspotter_brings_its_certificates() {
    if ["jq", "openssl", "curl"].iter().any(|tool| !is_installed(tool)) {
        println!("jq, openssl and curl are not all installed; the script is not tried");
        return;
    }
    let page = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/certificate-transparency.md"
    ));
    let page = page.unwrap();
    let script = page.split("```sh\n").find(|block| block.starts_with("#!/bin/sh")).unwrap();
    let script = script.split("```").next().unwrap();
    assert!(script.lines().count() <= 12, "{script}");

    let local = local();
    let (_, pem) = unknown();
    let file = |name: &str, text: &str| {
        let path = local.state.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let known = certificate::in_advance(&pem).unwrap();
    let json = json!({
        "tbs_sha256": known.tbs_sha256, "dns_names": ["shop.example"], "ip_addresses": [],
        "not_before": known.not_before, "not_after": known.not_after,
    });
    let credentials = "canary-certspotter-webhook-username:canary-certspotter-webhook-password";
    let url = local.url(ROUTE).replace("://", &format!("://{credentials}@"));
    let run = |event: &str| {
        let output = std::process::Command::new("sh")
            .arg(file("hook.sh", script))
            .env("EVENT", event)
            .env("WATCH_ITEM", ".example")
            .env("TBS_SHA256", known.tbs_sha256.as_ref().unwrap())
            .env("PUBKEY_SHA256", known.spki_sha256.as_ref().unwrap())
            .env("CERT_FILENAME", file("certificate.pem", &pem))
            .env("JSON_FILENAME", file("certificate.json", &json.to_string()))
            .env("CERTHOOKS_URL", &url)
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run("error");
    run("discovered_cert");
    let unexpected = states(&local, 1).remove(0);
    assert_eq!(unexpected["type"], "certhooks.ct.certificate_unexpected");
    let certificate = &unexpected["data"]["certificates"][0];
    assert_eq!(Value::from(known.tbs_sha256.clone()), certificate["tbs_sha256"]);
}

fn is_installed(tool: &str) -> bool {
    std::process::Command::new(tool).arg("--version").output().is_ok()
}
