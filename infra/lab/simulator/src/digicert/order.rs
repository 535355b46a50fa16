use serde_json::{Value, json};
use time::Duration;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::authority::{Curve, Issued};
use crate::responses::format_time;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");

/// The id of the certificate that an order issues. The distance between the ids is that of the documented
/// event, in which order 12345 has certificate 23456.
pub(super) fn certificate_id(order_id: u64) -> u64 {
    order_id.saturating_add(11_111)
}

/// Order info in the shape of the provider's sample, with the dates, thumbprint and serial number
/// of the real certificate.
pub(super) fn info(
    order_id: u64,
    certificate_id: u64,
    issued: &Issued,
    issuer: &str,
    status: &str,
) -> Result<Value, time::error::Format> {
    let ordered = format_time(issued.issued_at - Duration::HOUR, DATE_TIME)?;
    Ok(json!({
        "id": order_id,
        "certificate": certificate(certificate_id, issued, issuer, &ordered)?,
        "status": status,
        "is_renewal": false,
        "is_renewed": false,
        "renewed_order_id": 0,
        "date_created": ordered,
        "organization": organization(),
        "disable_renewal_notifications": false,
        "container": {"id": 5, "name": "College of Science"},
        "product": product(),
        "organization_contact": contact(),
        "technical_contact": contact(),
        "user": {"id": 153_208, "first_name": "Some", "last_name": "One", "email": "someone@example.com"},
        "requests": [{
            "id": 1,
            "date": ordered,
            "type": "new_request",
            "status": "approved",
            "comments": "Form autofill",
        }],
        "receipt_id": 123_892,
        "cs_provisioning_method": "none",
        "allow_duplicates": false,
        "payment_method": "balance",
    }))
}

fn certificate(
    id: u64,
    issued: &Issued,
    issuer: &str,
    ordered: &str,
) -> Result<Value, time::error::Format> {
    Ok(json!({
        "id": id,
        "thumbprint": issued.thumbprint(),
        "serial_number": issued.serial_hex(),
        "common_name": issued.common_name,
        "dns_names": issued.names,
        "date_created": ordered,
        "date_issued": format_time(issued.issued_at, DATE_TIME)?,
        "valid_from": format_time(issued.not_before, DATE)?,
        "valid_till": format_time(issued.not_after, DATE)?,
        "csr": "------ [CSR HERE] ------",
        "organization": {"id": 117_483},
        "organization_units": [],
        "server_platform": {
            "id": 45,
            "name": "nginx",
            "install_url": "https://www.digicert.com/ssl-certificate-installation-nginx.htm",
            "csr_url": "https://www.digicert.com/csr-creation-nginx.htm",
        },
        "signature_hash": match issued.curve {
            Curve::P256 => "sha256",
            Curve::P384 => "sha384",
        },
        "key_size": issued.curve.bits(),
        "ca_cert": {"id": "f7slk4shv9s2wr3", "name": issuer},
    }))
}

fn organization() -> Value {
    json!({
        "id": 117_483,
        "name": "Example, Inc.",
        "display_name": "Example, Inc.",
        "is_active": true,
        "city": "Lindon",
        "state": "Utah",
        "country": "us",
    })
}

fn product() -> Value {
    json!({
        "name_id": "ssl_plus",
        "name": "SSL Plus",
        "type": "ssl_certificate",
        "validation_type": "ov",
        "validation_name": "OV",
        "validation_description": "Normal Organization Validation",
    })
}

fn contact() -> Value {
    json!({
        "first_name": "Some",
        "last_name": "One",
        "email": "someone@example.com",
        "telephone": "8015550100",
    })
}
