use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::refusal::{refusal, unreadable};
use crate::api::Answer;
use crate::digicert::document::{CHALLENGE, TEST};
use crate::json::{self, Member, Members};
use crate::refusal::Refusal;

/// An event that CertCentral sent, and the answer to it ("Webhook event logs").
#[derive(Clone, Debug)]
pub struct SentEvent {
    pub event: String,
    /// As the log has it, so that numbers keep their own text. `None` for a challenge, since it
    /// would be its token.
    pub data: Option<Box<RawValue>>,
    /// CertCentral's result of the request: `success`, …
    pub outcome: Option<String>,
    pub sent: Option<OffsetDateTime>,
    pub answered: Option<OffsetDateTime>,
    /// HTTP status of the listener. `None` when it did not answer.
    pub code: Option<u16>,
    /// Whether it is anything but a success with a 2xx ("CertCentral webhooks", section "Webhook
    /// endpoint requirements").
    pub is_failed: bool,
}

impl SentEvent {
    /// Whether it was a test event, which holds nothing.
    pub fn is_test(&self) -> bool {
        self.event == TEST
    }
}

#[derive(Clone, Debug)]
pub struct SentEventPage {
    /// In the order of the log.
    pub sent_events: Vec<SentEvent>,
    /// Number of entries on all pages.
    pub total: Option<u64>,
}

/// Reads one page of the event log.
///
/// # Errors
/// The [`Refusal`] says why the page cannot be read.
pub fn classify_sent_events(answer: &Answer<'_>) -> Result<SentEventPage, Refusal> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    // Each entry is read by itself, so that one that holds something odd does not hide the others.
    let body = json::borrowed_object(answer.body).ok().and_then(Members::of);
    let body = body.ok_or_else(|| unreadable(answer))?;
    let events = list(&body, "events").ok_or_else(|| unreadable(answer))?;
    let total = body.object("page").and_then(|page| json::unsigned(page.get("total")?));
    Ok(SentEventPage { sent_events: events.into_iter().map(sent_event).collect(), total })
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

fn sent_event(entry: &RawValue) -> SentEvent {
    let entry = Members::of(entry).unwrap_or_default();
    let time = |name: &str| entry.text(name).and_then(|text| time(&text));
    let event = entry.text("event_name").unwrap_or_default();
    let outcome = entry.text("request_status");
    let code = entry
        .get("response_code")
        .and_then(json::unsigned)
        .and_then(|code| code.try_into().ok())
        .filter(|code| *code != 0);
    let is_success = outcome.as_deref().is_none_or(|outcome| outcome == "success");
    SentEvent {
        data: entry.get("event_info").filter(|_| event != CHALLENGE).map(ToOwned::to_owned),
        sent: time("request_sent_time"),
        answered: time("response_received_time"),
        is_failed: !(is_success && code.is_some_and(|code| (200..300).contains(&code))),
        event,
        outcome,
        code,
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
