use std::collections::HashMap;

use providers::digicert::reconciliation::{SentEvent, StatusChange};
use providers::occurrence::Occurrence;
use time::{Date, OffsetDateTime};

use crate::report::Cause;

/// An event of the provider's records. The ledger decides whether it arrived.
pub(crate) struct Expected {
    pub(crate) occurrence: Occurrence,
    /// The provider's name of the event.
    pub(crate) event: String,
    /// When the provider sent it first; `None` when it did not.
    pub(crate) sent: Option<OffsetDateTime>,
    /// The day (UTC) to which it belongs, where that is known.
    pub(crate) day: Option<Date>,
    /// Why it did not arrive, if it did not.
    pub(crate) cause: Cause,
    /// When somebody took it, by the provider's records. That may have been another server.
    pub(crate) taken: Option<OffsetDateTime>,
}

/// A status change, and its day where that is known.
pub(crate) type DatedChange = (StatusChange, Option<Date>);

/// The event log combined with the status changes: each event once, oldest first.
pub(crate) fn collate(
    mut sent_events: Vec<SentEvent>,
    changes: &[DatedChange],
    now: OffsetDateTime,
) -> Vec<Expected> {
    let mut collation = Collation::default();
    // The first of several attempts gives the event its time.
    sent_events.sort_by_key(|event| event.sent);
    for sending in sent_events {
        let Some(occurrence) = sending.occurrence(now) else { continue };
        // One whose time cannot be read may be on its way for ever.
        let taken = (!sending.is_failed).then(|| sending.sent.unwrap_or(now));
        collation.add(Expected {
            occurrence,
            sent: sending.sent,
            day: sending.sent.map(OffsetDateTime::date),
            cause: Cause::Answered(sending.code),
            taken,
            event: sending.event,
        });
    }
    for (change, day) in changes {
        if let (Some(occurrence), Some(event)) = (change.occurrence(now), change.event()) {
            collation.add(Expected {
                occurrence,
                event: event.to_owned(),
                sent: None,
                day: *day,
                cause: Cause::NotSent { status: change.status.clone() },
                taken: None,
            });
        }
    }
    collation.expected
}

#[derive(Default)]
struct Collation {
    expected: Vec<Expected>,
    /// Where each id is in `expected`.
    indices: HashMap<String, usize>,
}

impl Collation {
    /// Adds an event unless it is there already. A notice that failed before midnight and was sent again
    /// after it is one event with two ids; one that was taken on either day is two.
    fn add(&mut self, expected: Expected) {
        let index = expected.occurrence.ids().find_map(|id| self.indices.get(id)).copied();
        if let Some(before) = index.and_then(|index| self.expected.get_mut(index)) {
            let is_same = before.occurrence.envelope.id == expected.occurrence.envelope.id;
            if is_same || before.taken.is_none() || expected.taken.is_none() {
                return before.repeat(expected);
            }
        }
        self.indices.insert(expected.occurrence.envelope.id.clone(), self.expected.len());
        self.expected.push(expected);
    }
}

impl Expected {
    /// Of several attempts the one that was taken counts, the last of them.
    fn repeat(&mut self, later: Self) {
        if later.taken.is_some() {
            self.taken = later.taken;
            self.cause = later.cause;
        }
    }
}
