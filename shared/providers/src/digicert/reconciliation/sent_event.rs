use time::OffsetDateTime;

use super::received::occurrence;
use crate::digicert::admin::SentEvent;
use crate::digicert::document::CHALLENGE;
use crate::occurrence::Occurrence;

impl SentEvent {
    /// `None` for entries that hold no event: tests, entries without a name, and challenges, whose token
    /// is valid for 30 minutes and only for the operator.
    pub fn occurrence(&self, now: OffsetDateTime) -> Option<Occurrence> {
        if self.event == CHALLENGE {
            return None;
        }
        occurrence(&self.event, self.data.as_deref(), self.sent.unwrap_or(now), now)
    }
}
