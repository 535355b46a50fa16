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
use crate::responses::{HandlerResult, format_time};

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

/// The details of a custom hostname with a certificate. The serial number is decimal here, unlike
/// elsewhere.
fn active(id: &str, hostname: &str, issued: &Issued) -> Result<Value, time::error::Format> {
    Ok(json!({
        "id": id,
        "hostname": hostname,
        "ssl": {
            "id": uuid(&format!("ssl/{id}")),
            "type": "dv",
            "method": "txt",
            "status": "active",
            "bundle_method": "ubiquitous",
            "wildcard": false,
            "certificate_authority": "google",
            "hosts": issued.names,
            "issuer": "CerthooksSimulator",
            "serial_number": issued.serial.to_string(),
            "signature": match issued.curve {
                Curve::P256 => "ECDSAWithSHA256",
                Curve::P384 => "ECDSAWithSHA384",
            },
            "uploaded_on": format_time(issued.issued_at, DATE_TIME)?,
            "expires_on": format_time(issued.not_after, DATE_TIME)?,
            "settings": settings(),
            "validation_records": [],
            "validation_errors": [],
        },
        "status": "active",
        "verification_errors": [],
        "ownership_verification": ownership(id, hostname),
        "ownership_verification_http": ownership_http(id, hostname),
        "custom_metadata": {"key1": "value1", "key2": "value2"},
        "custom_origin_server": format!("0001.{hostname}"),
        "created_at": format_time(issued.issued_at - Duration::HOUR, DATE_TIME)?,
    }))
}

/// The details of a custom hostname that is not validated yet, with the reason.
fn pending(id: &str, hostname: &str) -> Value {
    json!({
        "id": id,
        "hostname": hostname,
        "ssl": {
            "id": uuid(&format!("ssl/{id}")),
            "type": "dv",
            "method": "txt",
            "status": "pending_validation",
            "settings": settings(),
            "validation_records": [{
                "status": "pending",
                "txt_name": format!("_acme-challenge.{hostname}"),
                "txt_value": uuid(&format!("txt/{id}")),
            }],
            "validation_errors": [
                {"message": format!("SERVFAIL looking up CAA for {hostname}")},
            ],
        },
        "status": "pending",
        "verification_errors": [
            "None of the A or AAAA records are owned by this account and the pre-generated \
             ownership verification token was not found.",
        ],
        "ownership_verification": ownership(id, hostname),
        "ownership_verification_http": ownership_http(id, hostname),
    })
}

fn settings() -> Value {
    json!({"http2": "on", "min_tls_version": "1.2", "tls_1_3": "on"})
}

fn ownership(id: &str, hostname: &str) -> Value {
    let name = format!("_cf-custom-hostname.{hostname}");
    json!({"type": "txt", "name": name, "value": uuid(&format!("ownership/{id}"))})
}

fn ownership_http(id: &str, hostname: &str) -> Value {
    let file = uuid(&format!("file/{id}"));
    json!({
        "http_url": format!("http://{hostname}/.well-known/cf-custom-hostname-challenge/{file}"),
        "http_body": uuid(&format!("ownership/{id}")),
    })
}

/// A number that depends only on the text, in the format of a UUID.
fn uuid(text: &str) -> String {
    let hex = format!("{:032x}", number_of(text));
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    parts.join("-")
}
