use std::cmp::Reverse;

use envelope::rfc3339;
use providers::digicert::webhook::{self, LogEntry, LogPage, Refusal};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::access::Session;
use super::account::{Account, Trouble};
use super::args::Logs;
use crate::fault::{Fault, Outcome};
use crate::line::short;
use crate::moment::moment;

/// "Max: 1000 (default)" (Webhook event logs, `limit`).
const PAGE: usize = 1000;
/// A million entries: an end for a log that never ends.
const PAGES: usize = 1000;

/// Which entries are asked for. They are chosen here, since the page that lists the API's own filters
/// was not found.
struct Choice<'a> {
    arguments: &'a Logs,
    since: Option<OffsetDateTime>,
}

pub(super) async fn run(arguments: &Logs) -> Outcome<()> {
    let since = arguments.since.as_deref().map(|since| moment("--since", since));
    let choice = Choice { arguments, since: since.transpose()? };
    let Session { account, output, .. } = Session::open(&arguments.of.access).await?;
    let mut book = Book::of(&account, account.id(arguments.of.webhook_id).await?);
    let (mut offset, mut shown) = (0, 0_usize);
    for _ in 0..PAGES {
        let page = book.page(offset).await?;
        let count = page.entries.len();
        offset += count;
        for entry in page.entries.iter().filter(|entry| choice.has(entry)) {
            output.say(&line(entry), &value(entry));
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
    if shown == 0 { Err(Fault::nothing("the log has no such entry")) } else { Ok(()) }
}

/// The event log, at the address that it has.
pub(crate) struct Book<'a> {
    account: &'a Account,
    id: Option<u64>,
}

impl<'a> Book<'a> {
    pub(crate) fn of(account: &'a Account, id: u64) -> Self {
        Self { account, id: Some(id) }
    }

    /// The newest entries first. Which end of the log is the new one is not documented, so both are
    /// read.
    pub(crate) async fn newest(&mut self, most: usize) -> Result<Vec<LogEntry>, Trouble> {
        let first = self.page(0).await?;
        let total = first.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
        let mut entries = first.entries;
        if total > entries.len() {
            let offset = entries.len().max(total.saturating_sub(PAGE));
            entries.extend(self.page(offset).await?.entries);
        }
        // Times have whole seconds, so the order of the log counts too.
        if entries.first().map(|entry| entry.sent) <= entries.last().map(|entry| entry.sent) {
            entries.reverse();
        }
        entries.sort_by_key(|entry| Reverse(entry.sent));
        entries.truncate(most);
        Ok(entries)
    }

    async fn page(&mut self, offset: usize) -> Result<LogPage, Trouble> {
        let page = self.ask(offset).await;
        match page {
            // An older copy of the page has the address without the id.
            Err(trouble) if self.id.is_some() && trouble.is(&Refusal::NoSuchRoute) => {
                self.id = None;
                self.ask(offset).await
            }
            page => page,
        }
    }

    async fn ask(&self, offset: usize) -> Result<LogPage, Trouble> {
        self.account.call(&webhook::event_logs(self.id, offset), webhook::classify_logs).await
    }
}

impl Choice<'_> {
    fn has(&self, entry: &LogEntry) -> bool {
        let Logs { event, code, failed, .. } = self.arguments;
        (event.is_empty() || event.contains(&entry.event))
            && (code.is_empty() || entry.code.is_some_and(|answered| code.contains(&answered)))
            && self.since.is_none_or(|since| entry.sent.is_some_and(|sent| sent >= since))
            && (!failed || entry.is_failed())
    }
}

fn line(entry: &LogEntry) -> String {
    let sent = entry.sent.map_or_else(|| "-".to_owned(), rfc3339);
    let code = entry.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let outcome = entry.outcome.as_deref().unwrap_or("-");
    let members = entry.info.as_ref().and_then(Value::as_object).into_iter().flatten();
    let plain = members.filter(|(_, value)| value.is_string() || value.is_number());
    let info: Vec<_> = plain.map(|(name, value)| format!("{name}={value}")).collect();
    short(&format!("{sent}  {code:>3}  {outcome:<8} {:<34} {}", entry.event, info.join(" ")), 400)
        .trim_end()
        .to_owned()
}

fn value(entry: &LogEntry) -> Value {
    json!({
        "event": entry.event,
        "info": entry.info,
        "outcome": entry.outcome,
        "sent": entry.sent.map(rfc3339),
        "answered": entry.answered.map(rfc3339),
        "code": entry.code,
    })
}
