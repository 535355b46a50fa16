use std::sync::{Mutex, PoisonError};

use crate::sqs::request::{RequestInfo, Step};
use crate::sqs::trace::{Outcome, Trace};

/// A request that passes through the proxy. It reports to the trace how the request ended for its sender,
/// also when the sender leaves before there is a response, since the request's future is then dropped.
pub(crate) struct ObservedRequest<'a> {
    trace: &'a Mutex<Trace>,
    step: Step,
    /// The event, if the request publishes or records one. Others are not reported.
    id: Option<&'a str>,
}

impl<'a> ObservedRequest<'a> {
    pub(crate) fn begin(trace: &'a Mutex<Trace>, request: &'a RequestInfo) -> Self {
        let is_reported = matches!(request.step, Step::Publish | Step::History | Step::Record);
        let id = request.id.as_deref().filter(|_| is_reported);
        Self { trace, step: request.step, id }
    }

    pub(crate) fn end(mut self, outcome: Outcome) {
        self.report(outcome);
    }

    fn report(&mut self, outcome: Outcome) {
        if let Some(id) = self.id.take() {
            let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
            trace.ended(id, self.step, outcome);
        }
    }
}

impl Drop for ObservedRequest<'_> {
    fn drop(&mut self) {
        self.report(Outcome::TooLate);
    }
}
