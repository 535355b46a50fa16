use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;

use super::profile::WEBHOOK_KEY;
use super::receiver::KEY_HEADER;
use crate::profile::{SampleRequest, Samples};
use crate::receiver::SecretFault;
use crate::secret::Stored;

// From the pages CertCentral webhooks and CertCentral event types. `certificate_issued_with_chain.json` has a real chain
// (from the MIT-licensed client riboseinc/digicert), which has expired. `order_approval_email_sent.json` has the documented
// members: the addresses in `orderApprovalEmails` are people's, and are in no delivery and in no archived event, unless
// `DIGICERT_APPROVAL_EMAILS=true`.
// Not verified: the `data` of `domain_*` and `organization_*` is not documented and follows the names of the Services API;
// the name of the event for a completed approval is not documented.
pub(super) const SAMPLES: Samples = Samples {
    recognises,
    vary,
    event,
    probe: PROBE,
    probe_name: "test event",
    is_probe_unkeyed: true,
    request,
};

/// Holds no event.
const PROBE: &str = r#"{"event":"test_webhook_endpoint"}"#;

/// A name in `event` is common, so that nothing else may stand beside it but `data`.
fn recognises(document: &Value) -> bool {
    let Some(members) = document.as_object() else { return false };
    members.contains_key("event")
        && members.keys().all(|name| ["event", "data"].contains(&name.as_str()))
}

fn vary(document: &mut Value, copy: u64) {
    for name in ["order_id", "certificate_id", "webhook_id"] {
        if let Some(id) = document.pointer_mut(&format!("/data/{name}"))
            && let Some(number) = id.as_u64()
        {
            *id = number.wrapping_add(copy).into();
        }
    }
    if let Some(data) = document.get_mut("data").and_then(Value::as_object_mut) {
        data.insert("certhooks_copy".into(), copy.into());
    }
}

fn event(number: u64) -> String {
    format!(
        r#"{{"event":"certificate_issued","data":{{"order_id":{number},"certificate_id":{number}}}}}"#
    )
}

fn request(
    secret: &SecretString,
    body: Vec<u8>,
    _sent: OffsetDateTime,
) -> Result<SampleRequest, SecretFault> {
    let key = Stored::read(secret).first(WEBHOOK_KEY.stored_as)?.to_owned();
    Ok(SampleRequest::post((KEY_HEADER, key), body))
}
