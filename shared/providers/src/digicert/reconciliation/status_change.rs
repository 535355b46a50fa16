use http::Method;
use serde_json::json;
use serde_json::value::RawValue;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::received::occurrence;
use crate::api::{Answer, Request};
use crate::digicert::admin::{listed, refusal, unreadable};
use crate::json::{self, Members};
use crate::occurrence::Occurrence;
use crate::refusal::Refusal;

/// The last change of status of an order ("Order status changes").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusChange {
    pub order_id: u64,
    pub certificate_id: Option<u64>,
    /// `issued`, `revoked`, `rejected`, …: not a closed set.
    pub status: String,
}

/// Longest time that one call asks about: "the total window is at most 7 days" ("Order status changes").
pub const MAX_TIME: Duration = Duration::days(7);
/// The range filter is in Mountain Daylight Time ("Order status changes"). Whether that means Mountain
/// Standard Time in winter is not documented.
const MDT: UtcOffset = match UtcOffset::from_hms(-6, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]+[hour]:[minute]:[second]");

/// Asks for the changes between two times. They are widened by an hour, which is how far the time zone is
/// in doubt, so they may be at most [`MAX_TIME`] less two hours apart.
pub fn status_changes_between(from: OffsetDateTime, to: OffsetDateTime) -> Request {
    let text = |time: OffsetDateTime| time.to_offset(MDT).format(DATE_TIME).unwrap_or_default();
    let range = format!("{}...{}", text(from - Duration::HOUR), text(to + Duration::HOUR));
    let query = vec![("filters[status_last_updated]", range)];
    Request { query, ..Request::new(Method::GET, ["order", "certificate", "status-changes"]) }
}

/// Asks for the changes of the last minutes, at most 10,080 (7 days). There is no time zone in this.
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
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    let body = json::borrowed_object(answer.body).ok().and_then(Members::of);
    let orders = body.and_then(|body| listed(&body, "orders")).ok_or_else(|| unreadable(answer))?;
    Ok(orders.into_iter().filter_map(StatusChange::of).collect())
}

impl StatusChange {
    fn of(order: &RawValue) -> Option<Self> {
        let order = Members::of(order)?;
        Some(Self {
            order_id: order.get("order_id").and_then(json::unsigned)?,
            certificate_id: order.get("certificate_id").and_then(json::unsigned),
            status: order.text("status")?.trim().to_ascii_lowercase(),
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
        occurrence(self.event()?, Some(&data), now, now)
    }
}
