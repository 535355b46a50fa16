use serde_json::{Value, json};
use time::Duration;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::answers::moment;
use crate::authority::{Curve, Issued, number_of};

pub(super) const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// With its certificate. The serial number is decimal here, unlike everywhere else.
pub(super) fn active(
    id: &str,
    hostname: &str,
    issued: &Issued,
) -> Result<Value, time::error::Format> {
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
            "uploaded_on": moment(issued.issued_at, DATE_TIME)?,
            "expires_on": moment(issued.not_after, DATE_TIME)?,
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
        "created_at": moment(issued.issued_at - Duration::HOUR, DATE_TIME)?,
    }))
}

/// Not validated yet, with what stands in the way.
pub(super) fn pending(id: &str, hostname: &str) -> Value {
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

/// In the notation of a UUID, the same for the same text.
fn uuid(text: &str) -> String {
    let hex = format!("{:032x}", number_of(text));
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    parts.join("-")
}
