use std::fs;

use data_encoding::HEXLOWER;
use envelope::Provider;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::documents::issued;
use crate::events::all_files;
use crate::harness::{Local, archive, archived, tail_lines};
use crate::providers::Providers;
use crate::x509::{assert_chain, verified};

/// The beginning of every PKCS #8 key on P-256, in base64.
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
const LIMIT: usize = 900 * 1024;

fn downloaded_with(fault: Fault) -> (Providers, Local, Value) {
    let providers = Providers::start();
    let local = providers.local(&[]);
    providers.faults().set([Rule::new("/services/v2/certificate/8001/", fault)]);
    let id = providers.send_one(&local, &issued(8001));
    let event = local.event(&id);
    assert_eq!(event["data"]["callback"]["outcome"], "downloaded");
    assert_eq!(event["data"]["callback"]["attempts"], 1);
    (providers, local, event)
}

/// Asserts the code of each check that is not simply `ok` or not applicable.
fn assert_checks(event: &Value, expected: &[(&str, &str)]) {
    let checks = event["data"]["checks"].as_object().unwrap();
    assert_eq!(checks.len(), 15);
    let found: Vec<(&str, &str)> = checks
        .iter()
        .filter(|(_, check)| check["code"] != "ok" && check["result"] != "not_applicable")
        .map(|(name, check)| (name.as_str(), check["code"].as_str().unwrap()))
        .collect();
    let sorted = expected.iter().copied().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), sorted);
}

#[test]
fn a_good_chain_passes_every_check() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    // P-256 and P-384, CRLF and LF.
    for certificate_id in [8000, 8001, 8002] {
        let event = local.event(&providers.send_one(&local, &issued(certificate_id)));
        assert_checks(&event, &[]);
        assert_eq!(event["data"]["verdict"], "ok");
        assert_eq!(event["data"]["checks"]["trust"]["result"], "ok");
        let ders = verified(&event);
        assert_eq!(ders.len(), 3);
        assert_chain(&ders);
        let name = format!("www-{certificate_id}.example.com");
        assert_eq!(event["data"]["certificates"][0]["names"]["dns"][0], name);
    }
}

#[test]
fn a_wrong_chain_is_delivered_and_reported() {
    let (_providers, _local, event) = downloaded_with(Fault::WrongChain);
    let missing = "issuer_missing";
    assert_checks(
        &event,
        &[("path", missing), ("trust", missing), ("order", "extra_certificates")],
    );
    assert_eq!(event["data"]["verdict"], "unknown");
    assert_eq!(event["data"]["certificates"][0]["names"]["dns"][0], "www-8001.example.com");
    assert_eq!(verified(&event).len(), 1, "the others are no part of its path");
}

#[test]
fn a_shuffled_chain_is_sorted() {
    let (_providers, _local, event) = downloaded_with(Fault::Shuffled);
    assert_checks(&event, &[("order", "reordered")]);
    let ders = verified(&event);
    assert_eq!(ders.len(), 3);
    assert_chain(&ders);
}

#[test]
fn a_duplicate_certificate_is_delivered_once() {
    let (_providers, _local, event) = downloaded_with(Fault::Duplicate);
    assert_checks(&event, &[("duplicates", "repeated")]);
    assert_chain(&verified(&event));
    assert_eq!(event["data"]["certificates"].as_array().unwrap().len(), 3);
}

#[test]
fn a_private_key_in_a_download_is_reported_and_not_stored() {
    let (_providers, local, event) = downloaded_with(Fault::PrivateKey);
    assert_checks(&event, &[("private_key", "private_key")]);
    assert_chain(&verified(&event));
    assert_nowhere(local, &[KEY, "-----BEGIN PRIVATE KEY"]);
}

#[test]
fn a_private_key_in_an_event_is_removed_before_archive_and_delivery() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    assert!(key.contains(KEY));
    let plain = json!({
        "event": "certificate_issued",
        "data": {"order_id": 1, "certificate_id": 8101, "note": key, "after": "stays\u{e4}"},
    });
    // As a serialiser may write it that escapes more than necessary.
    let escaped =
        plain.to_string().replace("8101", "8102").replace('-', "\\u002d").replace('/', "\\/");
    for body in [plain.to_string(), escaped] {
        let id = providers.send_bytes(&local, Provider::DIGICERT, body.into_bytes()).remove(0);
        let event = local.event(&id);
        assert_checks(&event, &[("private_key", "private_key")]);
        let archived = archived(&local, "digicert", &id);
        let archived: Value = serde_json::from_str(&archived).unwrap();
        for document in [&event["data"]["payload"], &archived["data"]] {
            assert!(document["data"]["certificate_id"].is_u64());
            assert_eq!(document["data"]["after"], "stays\u{e4}");
            let note = document["data"]["note"].as_str().unwrap();
            assert!(note.contains("removed") && !note.contains("MIG"), "{note}");
        }
    }
    for line in tail_lines(local.state.path()).iter().chain(&local.log()) {
        assert!(!line.contains(KEY));
    }
    assert!(!archive(local.state.path()).into_values().any(|object| object.contains(KEY)));
}

/// Asserts that no file of the state folder, the write-ahead log included, and no log line holds a word.
fn assert_nowhere(local: Local, words: &[&str]) {
    let log = local.log().join("\n");
    for word in words {
        assert!(!log.contains(word), "{word} is in the log");
    }
    let state = local.kill();
    for file in all_files(state.path()) {
        let bytes = fs::read(&file).unwrap();
        for word in words {
            let is_in = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!is_in, "{word} is in {}", file.display());
        }
    }
}

/// What is no part of the path is left out, so that a hostile answer makes no large event.
#[test]
fn of_a_thousand_certificates_the_path_is_delivered() {
    let (_providers, local, event) = downloaded_with(Fault::Many);
    assert!(tail_lines(local.state.path())[0].len() < 64 * 1024);
    assert_checks(&event, &[("order", "extra_certificates")]);
    let ders = verified(&event);
    assert_eq!(ders.len(), 3);
    assert_chain(&ders);
    let leaf = &event["data"]["certificates"][0];
    assert_eq!(leaf["fingerprint_sha256"], HEXLOWER.encode(digest(&SHA256, &ders[0]).as_ref()));
}

/// A chain that is not whole counts as none: a link without PEM, or without the leaf.
#[test]
fn an_included_chain_without_its_leaf_is_downloaded() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let whole = local.event(&providers.send_one(&local, &issued(8200)));
    let chain = whole["data"]["pem_chain"].as_str().unwrap();
    let issuers: Vec<&str> = chain.split_inclusive("-----END CERTIFICATE-----\n").skip(1).collect();
    let mut event = issued(8201);
    event["data"]["certificate_chain"] =
        issuers.iter().map(|pem| json!({"subject_common_name": "CA", "pem": pem})).collect();
    let event = local.event(&providers.send_one(&local, &event));
    assert_eq!(event["data"]["callback"]["outcome"], "downloaded");
    assert_eq!(event["data"]["certificates"][0]["names"]["dns"][0], "www-8201.example.com");
    assert_eq!(event["data"]["verdict"], "ok");
}

/// Meta sends batches, so an event may be as large as a queue message. This queue has no such limit.
#[test]
fn a_large_event_is_delivered_whole() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    let value = json!({"phishing_domains": ["evil.example"], "filler": "x".repeat(LIMIT + 1024)});
    let change = json!({"field": "phishing", "value": value});
    let document = json!({
        "object": "certificate_transparency",
        "entry": [{"id": "31", "time": 1_524_762_838, "changes": [change]}],
    });
    let event = local.event(&providers.send_one(&local, &document));
    assert_eq!(event["data"]["callback"]["outcome"], "queried");
    assert_eq!(event["data"]["payload"], document);
    assert_chain(&verified(&event));
    assert!(event["data"].get("offloaded").is_none());
}
