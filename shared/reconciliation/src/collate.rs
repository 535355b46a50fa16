use std::collections::HashSet;

use providers::digicert::reconciliation::{SentEvent, StatusChange};
use providers::occurrence::Occurrence;
use time::OffsetDateTime;

use crate::report::Cause;

/// An event that the provider's records do not show as delivered.
pub(crate) struct Missed {
    pub(crate) occurrence: Occurrence,
    /// The provider's name of the event.
    pub(crate) event: String,
    pub(crate) sent: Option<OffsetDateTime>,
    pub(crate) cause: Cause,
}

/// The event log combined with the status changes.
#[derive(Default)]
pub(crate) struct Collation {
    /// The ids that the log shows as answered with 2xx.
    pub(crate) answered: HashSet<String>,
    /// Each missed event once, oldest first.
    pub(crate) missed: Vec<Missed>,
    /// The ids of the missed events.
    ids: HashSet<String>,
}

impl Collation {
    pub(crate) fn of(
        mut sent_events: Vec<SentEvent>,
        changes: &[StatusChange],
        now: OffsetDateTime,
    ) -> Self {
        let mut collation = Self::default();
        let delivered = sent_events.iter().filter(|sending| !sending.is_failed);
        let delivered = delivered.filter_map(|event| event.occurrence(now));
        collation.answered.extend(delivered.map(|occurrence| occurrence.envelope.id));
        sent_events.retain(|event| event.is_failed);
        // The first of several attempts gives the event its time.
        sent_events.sort_by_key(|event| event.sent);
        for sending in &sent_events {
            if let Some(occurrence) = sending.occurrence(now) {
                collation.add(Missed {
                    occurrence,
                    event: sending.event.clone(),
                    sent: sending.sent,
                    cause: Cause::Answered(sending.code),
                });
            }
        }
        for change in changes {
            if let (Some(occurrence), Some(event)) = (change.occurrence(now), change.event()) {
                collation.add(Missed {
                    occurrence,
                    event: event.to_owned(),
                    sent: None,
                    cause: Cause::NotSent { status: change.status.clone() },
                });
            }
        }
        collation
    }

    /// Adds an event unless it is known. A notice that failed before and after midnight is one event with
    /// two ids.
    fn add(&mut self, missed: Missed) {
        let is_known = |id: &str| self.answered.contains(id) || self.ids.contains(id);
        if missed.occurrence.ids().any(is_known) {
            return;
        }
        self.ids.insert(missed.occurrence.envelope.id.clone());
        self.missed.push(missed);
    }
}
