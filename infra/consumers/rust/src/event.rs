//! A certificate event, as far as this consumer reads it (`events/schema/`). Members that are not named here are ignored.
//!
//! What may be null or absent is an `Option`. Words of an open set are text, so that further ones do no harm.

#![allow(dead_code, reason = "a consumer reads what it needs")]

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct CertificateEvent {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub subject: String,
    pub causationid: Option<String>,
    #[serde(default)]
    pub conflict: bool,
    #[serde(default)]
    pub replayed: bool,
    #[serde(default)]
    pub simulated: bool,
    pub ordering: Option<String>,
    pub data: Data,
}

/// The types that this consumer tells apart, and whatever else there is.
#[derive(Debug, Deserialize, PartialEq)]
pub enum EventType {
    #[serde(rename = "certhooks.certificate.issued")]
    Issued,
    #[serde(rename = "certhooks.certificate.renewed")]
    Renewed,
    #[serde(rename = "certhooks.certificate.deployed")]
    Deployed,
    #[serde(rename = "certhooks.ct.certificate_observed")]
    Observed,
    #[serde(untagged)]
    Other(String),
}

#[derive(Debug, Deserialize)]
pub struct Data {
    pub provider: String,
    pub verdict: Verdict,
    pub certificates: Vec<Certificate>,
    pub pem_chain: Option<String>,
}

/// A closed set: a further word would move the version of the contract.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    Failed,
    Unknown,
    Unchecked,
}

#[derive(Debug, Deserialize)]
pub struct Certificate {
    pub subject: Option<String>,
    pub issuer: Option<String>,
    pub serial_number: Option<String>,
    pub spki_sha256: Option<String>,
    pub not_after: Option<String>,
}

/// Members that were too large for the queue.
#[derive(Debug, Deserialize)]
pub struct Offloaded {
    pub uri: String,
    pub size: usize,
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Vec<(String, serde_json::Value)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../events/schema/examples");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let read = |path: std::path::PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        files.map(|path| (path.display().to_string(), read(path))).collect()
    }

    #[test]
    fn every_example_is_read() {
        let examples = examples();
        assert!(examples.len() > 30, "{} examples", examples.len());
        for (name, example) in examples {
            let event: CertificateEvent = serde_json::from_value(example.clone()).expect(&name);
            assert_eq!(
                (event.id.as_str(), event.subject.as_str()),
                (example["id"].as_str().unwrap(), example["subject"].as_str().unwrap())
            );
            let is_other = matches!(event.kind, EventType::Other(_));
            let told_apart = ["certificate.issued", "certificate.renewed", "certificate.deployed", "ct.certificate_observed"];
            assert_eq!(!is_other, told_apart.iter().any(|end| example["type"].as_str().unwrap().ends_with(end)), "{name}");
        }
    }

    #[test]
    fn an_unknown_type_and_unknown_members_are_no_error() {
        let (_, mut example) = examples().remove(0);
        example["type"] = "certhooks.certificate.suspended".into();
        example["further"] = serde_json::json!({ "member": [1] });
        example["data"]["further"] = serde_json::json!([null]);
        example["data"]["provider"] = "another".into();
        let event: CertificateEvent = serde_json::from_value(example).unwrap();
        assert_eq!(event.kind, EventType::Other("certhooks.certificate.suspended".to_owned()));
        assert_eq!(event.data.provider, "another");
    }
}
