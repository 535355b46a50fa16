use serde_json::{Value, json};
use time::Duration;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::authority::Issued;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");

/// The id of the certificate that an order issues. The distance between the ids is that of the documented
/// event, in which order 12345 has certificate 23456.
pub fn certificate_id(order_id: u64) -> u64 {
    order_id.saturating_add(11_111)
}

/// Order info in the shape of the provider's sample (`order.json`), with the ids, dates, thumbprint and serial
/// number of the real certificate.
pub(super) fn info(
    order_id: u64,
    certificate_id: u64,
    issued: &Issued,
    issuer: &str,
    status: &str,
) -> anyhow::Result<Value> {
    let mut info: Value = serde_json::from_str(include_str!("order.json"))?;
    let ordered = (issued.issued_at - Duration::HOUR).format(DATE_TIME)?;
    info["id"] = json!(order_id);
    info["status"] = json!(status);
    info["date_created"] = json!(ordered);
    info["requests"][0]["date"] = json!(ordered);
    let certificate = &mut info["certificate"];
    certificate["ca_cert"]["name"] = json!(issuer);
    for (name, value) in [
        ("id", json!(certificate_id)),
        ("thumbprint", json!(issued.thumbprint())),
        ("serial_number", json!(issued.serial_hex())),
        ("common_name", json!(issued.common_name)),
        ("dns_names", json!(issued.names)),
        ("date_created", json!(ordered)),
        ("date_issued", json!(issued.issued_at.format(DATE_TIME)?)),
        ("valid_from", json!(issued.not_before.format(DATE)?)),
        ("valid_till", json!(issued.not_after.format(DATE)?)),
        ("signature_hash", json!(format!("sha{}", issued.curve.bits()))),
        ("key_size", json!(issued.curve.bits())),
    ] {
        certificate[name] = value;
    }
    Ok(info)
}
