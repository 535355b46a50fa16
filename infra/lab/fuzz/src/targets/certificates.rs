use certificate::{redact_json, redact_text};
use data_encoding::BASE64;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::corpus;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const FIXTURES: &str = "shared/certificate/tests/fixtures";

/// A delivered chain must be readable, with the same result.
pub(crate) fn pem(data: &[u8]) {
    let Ok(bundle) = certificate::read(data, NOW) else { return };
    let reread = certificate::read(bundle.pem_chain.as_bytes(), NOW).unwrap();
    assert_eq!(reread.certificates, bundle.certificates);
    assert_eq!(reread.pem_chain, bundle.pem_chain);
    assert_eq!(redact_text(&bundle.pem_chain), None, "a private key is in the chain");
}

/// The input is the DER of a certificate.
pub(crate) fn x509(data: &[u8]) {
    let body = BASE64.encode(data);
    pem(format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").as_bytes());
}

/// After redaction no private key is left, in text and in JSON, and JSON is still JSON.
pub(crate) fn private_keys(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some((clean, labels)) = redact_text(&text) {
        assert!(!labels.is_empty());
        assert_eq!(redact_text(&clean), None, "a key is left in {clean:?}");
    }
    if let Some((clean, labels)) = redact_json(&text) {
        assert!(!labels.is_empty());
        assert_eq!(redact_json(&clean), None, "a key is left in {clean:?}");
        let was_json = serde_json::from_str::<Value>(&text).is_ok();
        assert!(!was_json || serde_json::from_str::<Value>(&clean).is_ok(), "{clean:?}");
    }
}

pub(crate) fn pem_seeds() -> Vec<Vec<u8>> {
    corpus::folder(FIXTURES)
}

pub(crate) fn x509_seeds() -> Vec<Vec<u8>> {
    let texts = corpus::folder(FIXTURES).into_iter();
    texts.flat_map(|text| ders(&String::from_utf8_lossy(&text))).collect()
}

/// Private keys and other PEM blocks, as text and in a JSON document.
pub(crate) fn private_keys_seeds() -> Vec<Vec<u8>> {
    let mut seeds = corpus::folder(FIXTURES);
    let in_json = |text: &Vec<u8>| {
        let text = String::from_utf8_lossy(text);
        serde_json::json!({"event": "certificate_issued", "data": {"pem": text}}).to_string()
    };
    let documents: Vec<_> = seeds.iter().map(|text| in_json(text).into_bytes()).collect();
    seeds.extend(documents);
    seeds
}

fn ders(text: &str) -> Vec<Vec<u8>> {
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = blocks.filter_map(|block| block.split("-----END").next());
    let compact = |body: &str| body.split_whitespace().collect::<String>();
    bodies.filter_map(|body| BASE64.decode(compact(body).as_bytes()).ok()).collect()
}
