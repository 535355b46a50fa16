use std::cmp::Reverse;

use envelope::rfc3339;
use providers::digicert::admin::{self, NO_SUCH_ROUTE, SentEvent, SentEventPage};
use serde_json::{Value, json};

use super::args::{Access, Logs};
use super::session::Session;
use crate::client::CallError;
use crate::display::short;
use crate::error::{CommandError, CommandResult};

/// Entries of a page: "Max: 1000 (default)" (Webhook event logs, `limit`).
const PAGE: usize = 1000;
/// Maximum number of pages, so that a log without an end is not read forever: a million entries.
const PAGES: usize = 1000;

pub(super) async fn run(access: &Access, arguments: &Logs) -> CommandResult<()> {
    let session = Session::open(access).await?;
    let mut log = EventLog::of(&session, session.id(arguments.webhook.webhook_id).await?);
    let (mut offset, mut shown) = (0, 0_usize);
    for _ in 0..PAGES {
        let page = log.page(offset).await?;
        let count = page.sent_events.len();
        offset += count;
        for entry in page.sent_events.iter().filter(|entry| arguments.include(entry)) {
            session.output.say(&line(entry), &value(entry));
            shown += 1;
        }
        let is_last = match page.total {
            Some(total) => offset as u64 >= total,
            None => count < PAGE,
        };
        if count == 0 || is_last {
            break;
        }
    }
    if shown == 0 { Err(CommandError::not_found("no such entry in the log")) } else { Ok(()) }
}

/// CertCentral's log of the events that it sent.
pub(super) struct EventLog<'a> {
    session: &'a Session,
    /// `None` once the address with the id of the webhook was refused.
    id: Option<u64>,
}

impl<'a> EventLog<'a> {
    pub(super) fn of(session: &'a Session, id: u64) -> Self {
        Self { session, id: Some(id) }
    }

    /// The newest entries first. CertCentral does not document which end of the log is the newest, so
    /// both are read.
    pub(super) async fn newest(&mut self, limit: usize) -> Result<Vec<SentEvent>, CallError> {
        let first = self.page(0).await?;
        let total = first.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
        let mut entries = first.sent_events;
        if total > entries.len() {
            let offset = entries.len().max(total.saturating_sub(PAGE));
            entries.extend(self.page(offset).await?.sent_events);
        }
        // Times are in whole seconds, so the order of the log decides between equal ones.
        if entries.first().map(|entry| entry.sent) <= entries.last().map(|entry| entry.sent) {
            entries.reverse();
        }
        entries.sort_by_key(|entry| Reverse(entry.sent));
        entries.truncate(limit);
        Ok(entries)
    }

    async fn page(&mut self, offset: usize) -> Result<SentEventPage, CallError> {
        let page = self.fetch(offset).await;
        match page {
            // An older copy of the documentation has the address without the id.
            Err(error) if self.id.is_some() && error.is(NO_SUCH_ROUTE) => {
                self.id = None;
                self.fetch(offset).await
            }
            page => page,
        }
    }

    async fn fetch(&self, offset: usize) -> Result<SentEventPage, CallError> {
        self.session.call(&admin::event_logs(self.id, offset), admin::classify_sent_events).await
    }
}

impl Logs {
    /// Entries are selected here, since CertCentral's documentation does not list the API's own filters.
    fn include(&self, entry: &SentEvent) -> bool {
        let Self { event, code, failed, since, .. } = self;
        (event.is_empty() || event.contains(&entry.event))
            && (code.is_empty() || entry.code.is_some_and(|answered| code.contains(&answered)))
            && since.is_none_or(|since| entry.sent.is_some_and(|sent| sent >= since))
            && (!failed || entry.is_failed)
    }
}

fn line(entry: &SentEvent) -> String {
    let sent = entry.sent.map_or_else(|| "-".to_owned(), rfc3339);
    let code = entry.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let outcome = entry.outcome.as_deref().unwrap_or("-");
    let info = info(entry);
    let members = info.as_ref().and_then(Value::as_object).into_iter().flatten();
    let plain = members.filter(|(_, value)| value.is_string() || value.is_number());
    let info: Vec<_> = plain.map(|(name, value)| format!("{name}={value}")).collect();
    short(&format!("{sent}  {code:>3}  {outcome:<8} {:<34} {}", entry.event, info.join(" ")), 400)
        .trim_end()
        .to_owned()
}

fn value(entry: &SentEvent) -> Value {
    json!({
        "event": entry.event,
        "info": info(entry),
        "outcome": entry.outcome,
        "sent": entry.sent.map(rfc3339),
        "answered": entry.answered.map(rfc3339),
        "code": entry.code,
    })
}

fn info(entry: &SentEvent) -> Option<Value> {
    serde_json::from_str(entry.data.as_ref()?.get()).ok()
}
