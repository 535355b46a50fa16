use providers::digicert::admin;
use providers::digicert::reconciliation::{SentEvent, SentEventPage, classify_sent_events};
use time::OffsetDateTime;

use crate::client::{ApiClient, RunError};

/// The maximum number of pages: a million entries, in case the log never ends.
const MAX_PAGES: usize = 1000;

/// The entries read from the event log.
pub(crate) struct LogEntries {
    /// In no particular order. An entry may appear twice when the log grew while it was read.
    pub(crate) sent_events: Vec<SentEvent>,
    /// Why older entries of the window were not read.
    pub(crate) truncated_by: Option<RunError>,
}

/// Reads the log back to `since`. Its order is not documented, so the first page tells it. The newest
/// entries are read first, so that the final answer to an event is found even in a truncated log.
///
/// # Errors
/// When the first page cannot be read.
pub(crate) async fn read(
    certcentral: &ApiClient<'_>,
    since: OffsetDateTime,
) -> Result<LogEntries, RunError> {
    let webhooks = certcentral.ask(&admin::list(), admin::classify_list).await?;
    let mut log = WebhookLog { certcentral, id: webhooks.first().map(|webhook| webhook.id) };
    let first = log.page(0).await?;
    let mut offsets = Offsets::of(&first, since);
    let mut entries = LogEntries { sent_events: first.sent_events, truncated_by: None };
    for _ in 1..MAX_PAGES {
        let Some(offset) = offsets.next() else { break };
        let page = match log.page(offset).await {
            Ok(page) => page,
            Err(error) => {
                entries.truncated_by = Some(error);
                break;
            }
        };
        offsets.advance(&page, since);
        entries.sent_events.extend(page.sent_events);
    }
    entries.sent_events.retain(|event| event.sent.is_none_or(|sent| sent >= since));
    Ok(entries)
}

struct WebhookLog<'a> {
    certcentral: &'a ApiClient<'a>,
    /// The webhook's id, which is part of the log's address.
    id: Option<u64>,
}

impl WebhookLog<'_> {
    async fn page(&mut self, offset: usize) -> Result<SentEventPage, RunError> {
        match self.ask(offset).await {
            // An older version of the documentation has the address without the id.
            Err(error) if self.id.is_some() && error.is_absent() => {
                self.id = None;
                self.ask(offset).await
            }
            page => page,
        }
    }

    async fn ask(&self, offset: usize) -> Result<SentEventPage, RunError> {
        self.certcentral.ask(&admin::event_logs(self.id, offset), classify_sent_events).await
    }
}

/// The offsets of the pages left to read, newest entries first.
struct Offsets {
    step: usize,
    /// The start of the range of unread entries.
    from: usize,
    /// The end of that range, exclusive; `None` when the log does not say its length.
    to: Option<usize>,
    order: Order,
    is_done: bool,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Order {
    NewestFirst,
    OldestFirst,
    Unknown,
}

impl Order {
    fn of(page: &SentEventPage) -> Self {
        let times: Vec<_> = page.sent_events.iter().filter_map(|event| event.sent).collect();
        match (times.first(), times.last()) {
            (Some(first), Some(last)) if first < last => Self::OldestFirst,
            (Some(first), Some(last)) if first > last => Self::NewestFirst,
            _ => Self::Unknown,
        }
    }
}

impl Offsets {
    fn of(first: &SentEventPage, since: OffsetDateTime) -> Self {
        let order = Order::of(first);
        let step = first.sent_events.len();
        Self {
            step,
            from: step,
            to: first.total.and_then(|total| usize::try_from(total).ok()),
            order,
            is_done: step == 0 || (order == Order::NewestFirst && is_old(first, since)),
        }
    }

    fn next(&mut self) -> Option<usize> {
        if self.is_done || self.to.is_some_and(|to| to <= self.from) {
            return None;
        }
        match self.to {
            Some(to) if self.order == Order::OldestFirst => {
                let offset = to.saturating_sub(self.step).max(self.from);
                self.to = Some(offset);
                Some(offset)
            }
            _ => Some(self.from),
        }
    }

    /// Advances past a page that was read. A log in known order ends at the first entry that is too old.
    fn advance(&mut self, page: &SentEventPage, since: OffsetDateTime) {
        let count = page.sent_events.len();
        let is_backwards = self.to.is_some() && self.order == Order::OldestFirst;
        if !is_backwards {
            self.from += count;
        }
        let is_newest_first = is_backwards || self.order == Order::NewestFirst;
        self.is_done = count == 0 || (is_newest_first && is_old(page, since));
    }
}

fn is_old(page: &SentEventPage, since: OffsetDateTime) -> bool {
    page.sent_events.iter().any(|event| event.sent.is_some_and(|sent| sent < since))
}

#[cfg(test)]
mod tests {
    use providers::api::Answer;
    use providers::digicert::reconciliation::{SentEventPage, classify_sent_events};
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::Offsets;

    const SINCE: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

    /// A page of a log with an entry at each of these hours.
    fn page(hours: &[u8], total: Option<usize>) -> SentEventPage {
        let entry = |hour: &u8| {
            format!(r#"{{"event_name":"a","request_sent_time":"2026-11-22T{hour:02}:00:00"}}"#)
        };
        let entries: Vec<_> = hours.iter().map(entry).collect();
        let total = total.map_or_else(|| "null".to_owned(), |total| total.to_string());
        let body = format!(r#"{{"page":{{"total":{total}}},"events":[{}]}}"#, entries.join(","));
        classify_sent_events(&Answer { status: 200, retry_after: None, body: body.as_bytes() })
            .unwrap()
    }

    /// The offsets that are read of a log with pages of three entries.
    fn offsets_read(log: &[u8], has_total: bool) -> Vec<usize> {
        let total = has_total.then_some(log.len());
        let at = |offset: usize| {
            page(log.get(offset..).unwrap().get(..3).unwrap_or(&log[offset..]), total)
        };
        let mut offsets = Offsets::of(&at(0), SINCE);
        let mut read = vec![0];
        while let Some(offset) = offsets.next() {
            read.push(offset);
            offsets.advance(&at(offset), SINCE);
        }
        read
    }

    #[test]
    fn a_log_is_read_from_its_newest_entry_to_the_start_of_the_window() {
        for (log, has_total, expected) in [
            (&[14, 13, 12, 11, 10, 9, 8, 7, 6, 5][..], true, &[0, 3][..]),
            (&[14, 13, 12, 11, 10, 9, 8, 7, 6, 5], false, &[0, 3]),
            (&[14, 9, 8, 7, 6], true, &[0]),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], true, &[0, 8]),
            (&[1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14], true, &[0, 8, 5]),
            (&[11, 12, 13, 14, 15, 16, 17, 18], true, &[0, 5, 3]),
            // Without a length the log is read forwards to its end.
            (&[1, 2, 3, 4, 5, 6, 7], false, &[0, 3, 6, 7]),
            // The order is unknown.
            (&[9, 9, 9, 11, 12], true, &[0, 3]),
            (&[9, 9], true, &[0]),
            (&[], true, &[0]),
        ] {
            assert_eq!(offsets_read(log, has_total), expected, "{log:?} {has_total}");
        }
    }
}
