use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use time::Duration;

use super::replies::{found, not_found};
use super::state::{CloudflareState, DATE_TIME};
use crate::authority::{Curve, Issued, number_of};
use crate::fault::{Fault, InjectedFault};
use crate::responses::HandlerResult;

/// A custom hostname whose id begins with `gone` is not found, and one whose id begins with `pending` waits
/// for validation. Any other has its certificate.
pub(super) async fn show(
    State(state): State<Arc<CloudflareState>>,
    Extension(InjectedFault(fault)): Extension<InjectedFault>,
    Path((_zone, id)): Path<(String, String)>,
) -> HandlerResult {
    if !is_id(&id) || id.starts_with("gone") {
        return Ok(not_found());
    }
    let hostname = hostname(&id);
    if id.starts_with("pending") || fault == Some(Fault::NotReady) {
        return Ok(found(pending(&id, &hostname)));
    }
    let key = format!("cloudflare/{id}/{hostname}");
    let curve = Curve::of((number_of(&key) & 0xff) as u64);
    let issued = state.shared.authority.issue(&key, vec![hostname.clone()], curve)?;
    Ok(found(active(&id, &hostname, &issued)?))
}

/// "List Custom Hostnames". Hostnames exist by their id only, so the list is empty.
pub(super) async fn list() -> Response {
    found(json!([]))
}

/// The hostname of the custom hostname with this id.
pub(super) fn hostname(id: &str) -> String {
    format!("host-{}.example.com", id.to_ascii_lowercase())
}

/// Whether this may be the id of a custom hostname: 32 characters in the documentation, UUIDs in fixtures of
/// the SDKs.
pub(super) fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=50).contains(&id.len()) && id.bytes().all(is_plain)
}

/// The details of a custom hostname, with its status and that of its certificate.
fn details(id: &str, hostname: &str, status: &str, certificate_status: &str) -> Value {
    let file = uuid(&format!("file/{id}"));
    let ownership = uuid(&format!("ownership/{id}"));
    let challenge = format!("http://{hostname}/.well-known/cf-custom-hostname-challenge/{file}");
    json!({
        "id": id,
        "hostname": hostname,
        "ssl": {
            "id": uuid(&format!("ssl/{id}")),
            "type": "dv",
            "method": "txt",
            "status": certificate_status,
            "settings": {"http2": "on", "min_tls_version": "1.2", "tls_1_3": "on"},
            "validation_records": [],
            "validation_errors": [],
        },
        "status": status,
        "verification_errors": [],
        "ownership_verification": {
            "type": "txt",
            "name": format!("_cf-custom-hostname.{hostname}"),
            "value": ownership,
        },
        "ownership_verification_http": {"http_url": challenge, "http_body": ownership},
    })
}

/// The details of a custom hostname with a certificate. The serial number is decimal here, unlike
/// elsewhere.
fn active(id: &str, hostname: &str, issued: &Issued) -> Result<Value, time::error::Format> {
    let mut details = details(id, hostname, "active", "active");
    let signature = format!("ECDSAWithSHA{}", issued.curve.bits());
    for (name, value) in [
        ("bundle_method", json!("ubiquitous")),
        ("wildcard", json!(false)),
        ("certificate_authority", json!("google")),
        ("hosts", json!(issued.names)),
        ("issuer", json!("CerthooksSimulator")),
        ("serial_number", json!(issued.serial.to_string())),
        ("signature", json!(signature)),
        ("uploaded_on", json!(issued.issued_at.format(DATE_TIME)?)),
        ("expires_on", json!(issued.not_after.format(DATE_TIME)?)),
    ] {
        details["ssl"][name] = value;
    }
    details["custom_metadata"] = json!({"key1": "value1", "key2": "value2"});
    details["custom_origin_server"] = json!(format!("0001.{hostname}"));
    details["created_at"] = json!((issued.issued_at - Duration::HOUR).format(DATE_TIME)?);
    Ok(details)
}

/// The details of a custom hostname that is not validated yet, with the reason.
fn pending(id: &str, hostname: &str) -> Value {
    let mut details = details(id, hostname, "pending", "pending_validation");
    details["ssl"]["validation_records"] = json!([{
        "status": "pending",
        "txt_name": format!("_acme-challenge.{hostname}"),
        "txt_value": uuid(&format!("txt/{id}")),
    }]);
    details["ssl"]["validation_errors"] =
        json!([{"message": format!("SERVFAIL looking up CAA for {hostname}")}]);
    details["verification_errors"] =
        json!(["None of the A or AAAA records are owned by this account and the pre-generated \
         ownership verification token was not found.",]);
    details
}

/// A number that depends only on the text, in the format of a UUID.
fn uuid(text: &str) -> String {
    let hex = format!("{:032x}", number_of(text));
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    parts.join("-")
}
