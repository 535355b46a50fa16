use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::Occurrence;
use crate::api::Answer;
use crate::digicert::document::CHALLENGE;
use crate::digicert::webhook::{LogEntry, Refusal, classify_logs};
use crate::json::Members;

/// One entry of the event log.
#[derive(Clone, Debug)]
pub struct Sending {
    pub event: String,
    pub sent: Option<OffsetDateTime>,
    /// HTTP status of the listener; absent when there was none.
    pub code: Option<u16>,
    /// Not answered, or not with 2xx.
    pub is_failed: bool,
    /// As the log has it, so that numbers keep their own text; never that of a challenge.
    data: Option<Box<RawValue>>,
}

#[derive(Clone, Debug)]
pub struct SendingPage {
    /// In the order of the log.
    pub sendings: Vec<Sending>,
    /// Of all pages.
    pub total: Option<u64>,
}

/// # Errors
/// As the refusal says.
pub fn classify_sendings(answer: &Answer<'_>) -> Result<SendingPage, Refusal> {
    let page = classify_logs(answer)?;
    let body = answer.object();
    let entries = body.as_deref().and_then(Members::of).and_then(|body| body.list("events"));
    let entries = entries.unwrap_or_default();
    let sending = |(entry, raw): (LogEntry, &RawValue)| Sending::of(entry, raw);
    Ok(SendingPage {
        sendings: page.entries.into_iter().zip(entries).map(sending).collect(),
        total: page.total,
    })
}

impl Sending {
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

    /// `None` for what holds no event: tests, challenges (their token is good for 30 minutes and for
    /// the operator only), and entries without a name.
    pub fn occurrence(&self, now: OffsetDateTime) -> Option<Occurrence> {
        if self.event == CHALLENGE {
            return None;
        }
        Occurrence::of(&self.event, self.data.as_deref(), self.sent.unwrap_or(now), now)
    }
}
