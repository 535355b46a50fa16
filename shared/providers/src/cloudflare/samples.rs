use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;

use super::profile::WEBHOOK_AUTH;
use super::receiver::AUTH_HEADER;
use crate::profile::{SampleRequest, Samples};
use crate::receiver::SecretFault;
use crate::secret::Stored;

// From the page Webhook data definitions, with ids in place of the placeholders. Some come within the notification that
// generic webhooks wrap around them, `notification_other_alert.json` (Universal SSL) with the nulls and blanks that received
// test sends show. `universal_*` and `notification_dedicated_*` are the same document for certificates of a zone.
// `notification_unrelated_alert.json` is an alert of another kind. `test_message.json` is what saving a destination sends.
// Not verified: the `data` of certificates of a zone, which follows the API's certificate packs.
pub(super) const SAMPLES: Samples = Samples {
    recognises,
    vary,
    event,
    probe: PROBE,
    probe_name: "test message",
    is_probe_unkeyed: false,
    request,
};

/// Holds no event.
const PROBE: &str = r#"{"text":"Test message of certhooks doctor"}"#;

fn recognises(document: &Value) -> bool {
    let has = |name| document.get(name).is_some();
    let is_other = has("event") || has("object");
    !is_other && (has("metadata") || has("alert_type") || has("text") || has("data"))
}

fn vary(document: &mut Value, copy: u64) {
    let is_wrapped = document.pointer("/data/metadata").is_some();
    let metadata = if is_wrapped { "/data/metadata" } else { "/metadata" };
    if let Some(metadata) = document.pointer_mut(metadata).and_then(Value::as_object_mut) {
        metadata.insert("certhooks_copy".into(), copy.into());
    }
}

fn event(number: u64) -> String {
    format!(
        r#"{{"metadata":{{"event":{{"id":"{number}","type":"ssl.custom_hostname_certificate.issuance.succeeded"}},"zone":{{"id":"023e105f4ecef8ad9ca31a8372d0c353"}}}},"data":{{"id":"{number}","hostname":"shop.example.com"}}}}"#
    )
}

fn request(
    secret: &SecretString,
    body: Vec<u8>,
    _sent: OffsetDateTime,
) -> Result<SampleRequest, SecretFault> {
    let auth = Stored::read(secret).first(WEBHOOK_AUTH.stored_as)?.to_owned();
    Ok(SampleRequest::post((AUTH_HEADER, auth), body))
}
