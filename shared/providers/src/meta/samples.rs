use data_encoding::HEXLOWER;
use ring::hmac::{self, HMAC_SHA256};
use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;

use super::profile::{APP_SECRET, OBJECT};
use super::receiver::SIGNATURE_HEADER;
use crate::profile::{SampleRequest, Samples};
use crate::receiver::SecretFault;
use crate::secret::Stored;

// From the page Webhooks for Certificate Transparency. The second name in `phishing.json` has the em dash of the page's own
// sample, escaped as Meta sends it: no such name can exist.
// Not verified: the value in `certificate_changes.json`, whose shape is not documented.
pub(super) const SAMPLES: Samples = Samples {
    recognises,
    vary,
    event,
    probe: PROBE,
    probe_name: "empty batch",
    is_probe_unkeyed: false,
    request,
};

/// The distance between the ids of two copies, since the entries of one batch have neighbouring ids.
const STRIDE: u64 = 1_000_000_007;

/// Holds no event.
const PROBE: &str = r#"{"object":"certificate_transparency","entry":[]}"#;

fn recognises(document: &Value) -> bool {
    document.get("object").is_some_and(|object| object == OBJECT)
}

fn vary(document: &mut Value, copy: u64) {
    for entry in document.get_mut("entry").and_then(Value::as_array_mut).into_iter().flatten() {
        let id = entry.get("id").and_then(Value::as_str).and_then(|id| id.parse::<u64>().ok());
        if let Some(entry) = entry.as_object_mut() {
            let id = id.unwrap_or(0).wrapping_add(copy.wrapping_mul(STRIDE));
            entry.insert("id".into(), id.to_string().into());
        }
    }
}

fn event(number: u64) -> String {
    format!(
        r#"{{"object":"certificate_transparency","entry":[{{"id":"{number}","time":{number},"changed_fields":["certificate"]}}]}}"#
    )
}

fn request(
    secret: &SecretString,
    body: Vec<u8>,
    _sent: OffsetDateTime,
) -> Result<SampleRequest, SecretFault> {
    let stored = Stored::read(secret);
    let key = hmac::Key::new(HMAC_SHA256, stored.first(APP_SECRET.stored_as)?.as_bytes());
    let tag = HEXLOWER.encode(hmac::sign(&key, &body).as_ref());
    Ok(SampleRequest::post((SIGNATURE_HEADER, format!("sha256={tag}")), body))
}
