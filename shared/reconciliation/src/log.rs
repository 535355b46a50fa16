use providers::digicert::reconciliation::{SentEvent, SentEventPage, classify_sent_events};
use providers::digicert::webhook;
use time::OffsetDateTime;

use crate::certcentral::{CertCentral, Fault};

/// An end for a log that never ends: a million entries.
const PAGES: usize = 1000;

/// What was read of the event log.
pub(crate) struct Read {
    /// In no particular order; an entry may be there twice, when the log grew meanwhile.
    pub(crate) sent_events: Vec<SentEvent>,
    /// Why older entries of the window were not read.
    pub(crate) cut: Option<Fault>,
}

/// Reads the log back to `since`. Which of its ends is the new one is not documented, so the first page
/// tells; the new end is read first, so that what was answered in the end is known to be.
///
/// # Errors
/// Not even the first page can be read.
pub(crate) async fn read(
    certcentral: &CertCentral<'_>,
    since: OffsetDateTime,
) -> Result<Read, Fault> {
    let webhooks = certcentral.ask(&webhook::list(), webhook::classify_list).await?;
    let mut book = Book { certcentral, id: webhooks.first().map(|webhook| webhook.id) };
    let first = book.page(0).await?;
    let mut places = Places::of(&first, since);
    let mut read = Read { sent_events: first.sent_events, cut: None };
    for _ in 1..PAGES {
        let Some(offset) = places.next() else { break };
        let page = match book.page(offset).await {
            Ok(page) => page,
            Err(fault) => {
                read.cut = Some(fault);
                break;
            }
        };
        places.was(&page, since);
        read.sent_events.extend(page.sent_events);
    }
    read.sent_events.retain(|event| event.sent.is_none_or(|sent| sent >= since));
    Ok(read)
}

struct Book<'a> {
    certcentral: &'a CertCentral<'a>,
    /// The account's webhook, in the address of its log.
    id: Option<u64>,
}

impl Book<'_> {
    async fn page(&mut self, offset: usize) -> Result<SentEventPage, Fault> {
        match self.ask(offset).await {
            // An older copy of the page has the address without the id.
            Err(fault) if self.id.is_some() && fault.is_absent() => {
                self.id = None;
                self.ask(offset).await
            }
            page => page,
        }
    }

    async fn ask(&self, offset: usize) -> Result<SentEventPage, Fault> {
        self.certcentral.ask(&webhook::event_logs(self.id, offset), classify_sent_events).await
    }
}

/// Which offsets are left to read, new end first.
struct Places {
    step: usize,
    /// The half-open range of entries that was not read yet.
    from: usize,
    /// `None` where the log does not say how long it is.
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

impl Places {
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

    /// After a page was read: a log in known order ends at the first entry that is too old.
    fn was(&mut self, page: &SentEventPage, since: OffsetDateTime) {
        let count = page.sent_events.len();
        let is_backwards = self.to.is_some() && self.order == Order::OldestFirst;
        if !is_backwards {
            self.from += count;
        }
        let is_from_the_new_end = is_backwards || self.order == Order::NewestFirst;
        self.is_done = count == 0 || (is_from_the_new_end && is_old(page, since));
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

    use super::Places;

    const SINCE: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

    /// A log with an entry at each of these hours.
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

    /// The offsets that are read of a log, by pages of three.
    fn offsets(log: &[u8], has_total: bool) -> Vec<usize> {
        let total = has_total.then_some(log.len());
        let at = |offset: usize| {
            page(log.get(offset..).unwrap().get(..3).unwrap_or(&log[offset..]), total)
        };
        let mut places = Places::of(&at(0), SINCE);
        let mut offsets = vec![0];
        while let Some(offset) = places.next() {
            offsets.push(offset);
            places.was(&at(offset), SINCE);
        }
        offsets
    }

    #[test]
    fn a_log_is_read_from_its_new_end_until_it_is_too_old() {
        for (log, has_total, expected) in [
            (&[14, 13, 12, 11, 10, 9, 8, 7, 6, 5][..], true, &[0, 3][..]),
            (&[14, 13, 12, 11, 10, 9, 8, 7, 6, 5], false, &[0, 3]),
            (&[14, 9, 8, 7, 6], true, &[0]),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], true, &[0, 8]),
            (&[1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14], true, &[0, 8, 5]),
            (&[11, 12, 13, 14, 15, 16, 17, 18], true, &[0, 5, 3]),
            // How long it is cannot be told: forwards to the end.
            (&[1, 2, 3, 4, 5, 6, 7], false, &[0, 3, 6, 7]),
            // Which end is the new one cannot be told.
            (&[9, 9, 9, 11, 12], true, &[0, 3]),
            (&[9, 9], true, &[0]),
            (&[], true, &[0]),
        ] {
            assert_eq!(offsets(log, has_total), expected, "{log:?} {has_total}");
        }
    }
}
