use crate::sqs::journal::Outcome;
use crate::sqs::proxy::Shared;
use crate::sqs::wire::{Seen, Step};

/// A request on its way through the proxy: the journal learns what its sender heard of it, and so does
/// it when the sender leaves before there is an answer, since then the request's future is dropped.
pub(crate) struct Passage<'a> {
    shared: &'a Shared,
    step: Step,
    /// Of an event on its way out; others are of no interest.
    id: Option<&'a str>,
}

impl<'a> Passage<'a> {
    pub(crate) fn begin(shared: &'a Shared, seen: &'a Seen) -> Self {
        let is_way_out = matches!(seen.step, Step::Publish | Step::Tell | Step::Record);
        let id = seen.id.as_deref().filter(|_| is_way_out);
        Self { shared, step: seen.step, id }
    }

    pub(crate) fn end(mut self, outcome: Outcome) {
        self.write(outcome);
    }

    fn write(&mut self, outcome: Outcome) {
        if let Some(id) = self.id.take() {
            self.shared.journal().ended(id, self.step, outcome);
        }
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.write(Outcome::TooLate);
    }
}
