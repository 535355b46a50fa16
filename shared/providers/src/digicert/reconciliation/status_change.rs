use http::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Occurrence;
use crate::api::{Answer, Request};
use crate::digicert::admin::{is_empty_list, success, unreadable, unsigned};
use crate::refusal::Refusal;

/// The last change of status of an order ("Order status changes").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusChange {
    pub order_id: u64,
    pub certificate_id: Option<u64>,
    /// `issued`, `revoked`, `rejected`, …: not a closed set.
    pub status: String,
}

/// Asks for the changes of the last minutes, at most 10,080 (7 days). The call's other filter, a
/// range of dates, is not used, since it is in Mountain Daylight Time ("Order status changes").
pub fn status_changes(minutes: u32) -> Request {
    let query = vec![("minutes", minutes.to_string())];
    Request { query, ..Request::new(Method::GET, ["order", "certificate", "status-changes"]) }
}

/// The list is empty when nothing changed; the answer is `{}` then ("Order status changes"). An
/// order without a usable id is left out.
///
/// # Errors
/// The [`Refusal`] says why the answer holds no changes.
pub fn classify_status_changes(answer: &Answer<'_>) -> Result<Vec<StatusChange>, Refusal> {
    let body = success(answer)?;
    match body.get("orders") {
        Some(Value::Array(orders)) => Ok(orders.iter().filter_map(StatusChange::of).collect()),
        None | Some(Value::Null) if is_empty_list(&body, "orders") => Ok(Vec::new()),
        _ => Err(unreadable(answer)),
    }
}

impl StatusChange {
    fn of(order: &Value) -> Option<Self> {
        Some(Self {
            order_id: unsigned(&order["order_id"])?,
            certificate_id: unsigned(&order["certificate_id"]),
            status: order["status"].as_str()?.trim().to_ascii_lowercase(),
        })
    }

    /// The event that CertCentral sends for such a change, if it sends one ("CertCentral event
    /// types").
    pub fn event(&self) -> Option<&'static str> {
        match self.status.as_str() {
            "issued" => Some("certificate_issued"),
            "revoked" => Some("certificate_revoked"),
            "rejected" => Some("order_rejected"),
            _ => None,
        }
    }

    /// `None` for a status without an event. The answer does not say when the status changed, so the
    /// time of the event is now.
    pub fn occurrence(&self, now: OffsetDateTime) -> Option<Occurrence> {
        let mut data = json!({ "order_id": self.order_id });
        if let Some(certificate_id) = self.certificate_id {
            data["certificate_id"] = certificate_id.into();
        }
        let data = RawValue::from_string(data.to_string()).ok()?;
        Occurrence::of(self.event()?, Some(&data), now, now)
    }
}
