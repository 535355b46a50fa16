use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::refusal::{refusal, unreadable};
use crate::api::Answer;
use crate::digicert::document::CHALLENGE;
use crate::json::{self, Member, Members};
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
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    // Each entry is read by itself, so that one that holds something odd does not hide the others.
    let body = json::borrowed_object(answer.body).ok().and_then(Members::of);
    let body = body.ok_or_else(|| unreadable(answer))?;
    let events = list(&body, "events").ok_or_else(|| unreadable(answer))?;
    let total = body.object("page").and_then(|page| json::unsigned(page.get("total")?));
    Ok(LogPage { entries: events.into_iter().map(entry).collect(), total })
}

/// The elements of a list. CertCentral leaves an empty list out, and what is left is `{}` or the `page`
/// ("Order status changes"; recordings of the live API). `None` for any other document, which comes from
/// something on the way and says nothing about the list.
pub(in crate::digicert) fn list<'a>(body: &Members<'a>, name: &str) -> Option<Vec<&'a RawValue>> {
    match body.get(name) {
        Some(_) => body.list(name),
        None => {
            let is_own = |member: &Member<'_>| member.is("page") || member.is(name);
            let is_empty = body.iter().len() == 0 || body.iter().any(is_own);
            is_empty.then(Vec::new)
        }
    }
}

fn entry(raw: &RawValue) -> LogEntry {
    let entry = Members::of(raw).unwrap_or_default();
    let text = |name: &str| entry.text(name);
    let event = text("event_name").unwrap_or_default();
    let info = entry.get("event_info").filter(|_| event != CHALLENGE);
    LogEntry {
        info: info.and_then(|info| serde_json::from_str(info.get()).ok()),
        outcome: text("request_status"),
        sent: text("request_sent_time").and_then(|text| time(&text)),
        answered: text("response_received_time").and_then(|text| time(&text)),
        code: entry
            .get("response_code")
            .and_then(json::unsigned)
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
