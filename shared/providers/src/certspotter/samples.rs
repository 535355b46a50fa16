use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;

use super::receiver::credentials;
use crate::profile::{SampleRequest, Samples};
use crate::receiver::{OWN_PROBE, SecretFault};

// From the page Cert Spotter Webhooks. The certificates are of a CA that does not exist.
// Not verified: the names of the certificate's members beside `cert_der` in older versions of the API
// (`unknown_certificate_older_form.json`), and everything in `other_event.json`: one event is documented.
pub(super) const SAMPLES: Samples = Samples {
    recognises,
    vary,
    event,
    // No test message is documented.
    probe: OWN_PROBE,
    probe_name: "probe",
    is_probe_unkeyed: false,
    request,
};

fn recognises(document: &Value) -> bool {
    let has = |name| document.get(name).is_some();
    has("issuance") || has("html_url")
}

/// The certificate stays the same: it is found as another issuance.
fn vary(document: &mut Value, copy: u64) {
    if let Some(members) = document.as_object_mut() {
        let id = members.get("id").and_then(Value::as_str).unwrap_or_default();
        members.insert("id".into(), format!("{id}-{copy}").into());
    }
}

fn event(number: u64) -> String {
    let tbs_sha256 = format!("{number:064x}");
    format!(
        r#"{{"id":"{number}","issuance":{{"id":"{number}","tbs_sha256":"{tbs_sha256}","dns_names":["shop.example.com"]}}}}"#
    )
}

fn request(
    secret: &SecretString,
    body: Vec<u8>,
    _sent: OffsetDateTime,
) -> Result<SampleRequest, SecretFault> {
    let authorization = format!("Basic {}", credentials(secret)?);
    Ok(SampleRequest::post(("authorization", authorization), body))
}
