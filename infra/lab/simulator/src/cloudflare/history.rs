use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::event::id_of;
use super::state::{CloudflareState, DATE_TIME};
use crate::responses::{self, HandlerResult};

/// A notification that was sent, whether or not it was taken.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) account: String,
    pub(super) policy: String,
    pub(super) destination: String,
    pub(super) document: Value,
    pub(super) at: OffsetDateTime,
}

/// "List History": newest first, `alert_body` as the page has it.
pub(super) async fn list(
    State(state): State<Arc<CloudflareState>>,
    Path(account): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> HandlerResult {
    let number = |name: &str, default: usize| {
        query.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let time = |name: &str| OffsetDateTime::parse(query.get(name)?, &Rfc3339).ok();
    let (since, before) = (time("since"), time("before"));
    let is_asked = |sent: &&Sent| {
        sent.account == account
            && since.is_none_or(|since| sent.at >= since)
            && before.is_none_or(|before| sent.at <= before)
    };
    let alerting = state.alerting();
    let asked: Vec<_> = alerting.history.iter().rev().filter(is_asked).collect();
    let (page, per_page) = (number("page", 1), number("per_page", 25));
    let first = page.saturating_sub(1) * per_page;
    let records = asked.iter().skip(first).take(per_page).map(|sent| record(sent));
    let records = records.collect::<Result<Vec<_>, _>>()?;
    let info = json!({
        "page": page, "per_page": per_page, "count": records.len(), "total_count": asked.len(),
    });
    let body = json!({
        "success": true, "errors": [], "messages": [], "result": records, "result_info": info,
    });
    Ok(responses::json(StatusCode::OK, body))
}

fn record(sent: &Sent) -> Result<Value, time::error::Format> {
    Ok(json!({
        "id": id_of(&format!("history/{}/{}", sent.destination, sent.at.unix_timestamp_nanos())),
        "name": "SSL for SaaS Custom Hostnames Alert",
        "description": "A certificate of a custom hostname has changed.",
        "alert_type": providers::cloudflare::CUSTOM_HOSTNAMES_ALERT,
        "alert_body": sent.document,
        "mechanism": sent.destination,
        "mechanism_type": "webhook",
        "policy_id": sent.policy,
        "sent": sent.at.format(DATE_TIME)?,
    }))
}
