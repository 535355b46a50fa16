use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::answer::{is_empty_list, success, unsigned};
use super::refusal::unreadable;
use crate::api::Answer;
use crate::digicert::document::CHALLENGE;
use crate::refusal::Refusal;

/// An event that CertCentral sent, and the answer to it ("Webhook event logs").
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    pub event: String,
    /// The event's `data`. `None` for a challenge, since it would be its token.
    pub info: Option<Value>,
    /// CertCentral's result of the request: `success`, …
    pub outcome: Option<String>,
    pub sent: Option<OffsetDateTime>,
    pub answered: Option<OffsetDateTime>,
    /// HTTP status of the listener. `None` when it did not answer.
    pub code: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    pub entries: Vec<LogEntry>,
    /// Number of entries on all pages.
    pub total: Option<u64>,
}

/// Reads one page of the event log.
///
/// # Errors
/// The [`Refusal`] says why the page cannot be read.
pub fn classify_logs(answer: &Answer<'_>) -> Result<LogPage, Refusal> {
    let body = success(answer)?;
    // Other answers of this API leave out an empty list, so an absent list counts as empty here
    // too.
    let events = match body.get("events") {
        Some(Value::Array(events)) => events.as_slice(),
        None | Some(Value::Null) if is_empty_list(&body, "events") => &[],
        _ => return Err(unreadable(answer)),
    };
    Ok(LogPage {
        entries: events.iter().map(entry).collect(),
        total: unsigned(&body["page"]["total"]),
    })
}

fn entry(entry: &Value) -> LogEntry {
    let text = |name: &str| entry[name].as_str().map(str::to_owned);
    let event = text("event_name").unwrap_or_default();
    let info = entry.get("event_info").filter(|info| !info.is_null() && event != CHALLENGE);
    LogEntry {
        info: info.cloned(),
        outcome: text("request_status"),
        sent: text("request_sent_time").and_then(|text| time(&text)),
        answered: text("response_received_time").and_then(|text| time(&text)),
        code: unsigned(&entry["response_code"])
            .and_then(|code| code.try_into().ok())
            .filter(|code| *code != 0),
        event,
    }
}

/// A time in UTC without a zone, such as `2023-07-10T18:38:35` ("Webhook event logs"). A time with
/// a zone is accepted too.
fn time(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim().replacen(' ', "T", 1);
    OffsetDateTime::parse(&text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()
}

impl LogEntry {
    /// Whether it is anything but a success with a 2xx ("CertCentral webhooks", section "Webhook
    /// endpoint requirements").
    pub fn is_failed(&self) -> bool {
        let is_success = self.outcome.as_deref().is_none_or(|outcome| outcome == "success");
        !(is_success && self.code.is_some_and(|code| (200..300).contains(&code)))
    }
}
