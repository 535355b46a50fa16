use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::received::occurrence;
use crate::api::Answer;
use crate::digicert::admin::{LogEntry, classify_logs};
use crate::digicert::document::CHALLENGE;
use crate::json::Members;
use crate::occurrence::Occurrence;
use crate::refusal::Refusal;

/// One entry of the event log ("Webhook event logs").
#[derive(Clone, Debug)]
pub struct SentEvent {
    pub event: String,
    pub sent: Option<OffsetDateTime>,
    /// HTTP status of the listener. `None` when it did not answer.
    pub code: Option<u16>,
    /// The listener did not answer, or not with 2xx.
    pub is_failed: bool,
    /// As the log has it, so that numbers keep their own text. `None` for a challenge, since it
    /// would be its token.
    data: Option<Box<RawValue>>,
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
    let page = classify_logs(answer)?;
    let body = answer.object();
    let entries = body.as_deref().and_then(Members::of).and_then(|body| body.list("events"));
    let entries = entries.unwrap_or_default();
    let sent_event = |(entry, raw): (LogEntry, &RawValue)| SentEvent::of(entry, raw);
    Ok(SentEventPage {
        sent_events: page.entries.into_iter().zip(entries).map(sent_event).collect(),
        total: page.total,
    })
}

impl SentEvent {
    fn of(entry: LogEntry, raw: &RawValue) -> Self {
        let data = Members::of(raw).and_then(|entry| entry.get("event_info"));
        Self {
            is_failed: entry.is_failed(),
            data: data.filter(|_| entry.event != CHALLENGE).map(ToOwned::to_owned),
            sent: entry.sent,
            code: entry.code,
            event: entry.event,
        }
    }

    /// `None` for entries that hold no event: tests, entries without a name, and challenges, whose token
    /// is valid for 30 minutes and only for the operator.
    pub fn occurrence(&self, now: OffsetDateTime) -> Option<Occurrence> {
        if self.event == CHALLENGE {
            return None;
        }
        occurrence(&self.event, self.data.as_deref(), self.sent.unwrap_or(now), now)
    }
}
