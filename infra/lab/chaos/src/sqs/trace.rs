use std::collections::BTreeMap;

use crate::sqs::request::Step;

/// What went through the proxy for each event, in order. It decides which repeats are explained.
///
/// An event may be published again until it is recorded, and only for a reason that was observed since. One reason is neither a crash nor a lost response: the ledger refused the record, or the
/// history that goes with it, at every attempt of the worker. What is published cannot be revoked, and
/// without a record the next worker does not know of it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    events: BTreeMap<String, Entry>,
    /// The number of kills of workers.
    kills: u64,
    pub(crate) faults: u64,
    /// How often each fault was injected, and how often a kill happened at each step.
    pub(crate) at: BTreeMap<String, u64>,
    /// How often an event was published again, by the reason.
    repeats: BTreeMap<String, u64>,
    unexplained: Vec<String>,
}

#[derive(Debug, Default)]
struct Entry {
    last: Option<Publication>,
    is_recorded: bool,
}

#[derive(Debug)]
struct Publication {
    /// The SDK's id of the call, which all its attempts share.
    call: Option<String>,
    /// The number of kills before the publication.
    kills: u64,
    has_response: bool,
    /// The last step for this publication, if it did not succeed for the worker.
    failed_step: Option<(Step, Outcome)>,
}

/// How a request ended for its sender.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Outcome {
    Done,
    /// The connection ended without a response.
    Lost,
    Refused,
    /// The sender closed the connection before the response came, because of its own timeout.
    TooLate,
}

impl Trace {
    /// A worker was killed.
    pub(crate) fn killed(&mut self) {
        self.kills += 1;
    }

    /// The event is about to be published.
    pub(crate) fn publishing(&mut self, id: &str, call: Option<&str>) {
        let entry = self.events.entry(id.to_owned()).or_default();
        if entry.is_recorded {
            self.unexplained.push(format!("{id} was published after it was recorded"));
        } else if let Some(last) = &entry.last {
            match last.reason(self.kills, call) {
                Some(reason) => *self.repeats.entry(reason).or_default() += 1,
                None => {
                    self.unexplained.push(format!("{id} was published twice without a reason"));
                }
            }
        }
        entry.last = Some(Publication {
            call: call.map(str::to_owned),
            kills: self.kills,
            has_response: false,
            failed_step: None,
        });
    }

    /// The step publish, history or record ended for its sender.
    pub(crate) fn ended(&mut self, id: &str, step: Step, outcome: Outcome) {
        let Some(last) = self.events.get_mut(id).and_then(|entry| entry.last.as_mut()) else {
            return;
        };
        last.has_response |= step == Step::Publish;
        last.failed_step = (outcome != Outcome::Done).then_some((step, outcome));
    }

    /// The table has stored the record.
    pub(crate) fn recorded(&mut self, id: &str) {
        self.events.entry(id.to_owned()).or_default().is_recorded = true;
    }

    pub(crate) fn count(&mut self, name: String) {
        *self.at.entry(name).or_default() += 1;
    }

    /// How often an event was published again, by the reason.
    pub(crate) fn repeats(&self) -> &BTreeMap<String, u64> {
        &self.repeats
    }

    /// Repeats that the contract does not allow for.
    pub(crate) fn unexplained(&self) -> &[String] {
        &self.unexplained
    }
}

impl Publication {
    /// Why the event may be published again in `call`.
    fn reason(&self, kills: u64, call: Option<&str>) -> Option<String> {
        if self.kills < kills {
            return Some("kill".to_owned());
        }
        // The next attempt may arrive before the connection of the previous one ends.
        let is_next_attempt = !self.has_response && call.is_some() && self.call.as_deref() == call;
        let (step, outcome) = match self.failed_step {
            _ if is_next_attempt => (Step::Publish, Outcome::TooLate),
            failed => failed?,
        };
        let outcome = match outcome {
            Outcome::Done => "done",
            Outcome::Lost => "answer lost",
            Outcome::Refused => "refused",
            Outcome::TooLate => "answer too late",
        };
        Some(format!("{}: {outcome}", step.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(trace: &mut Trace, id: &str, outcome: Outcome) {
        trace.publishing(id, Some(id));
        trace.ended(id, Step::Publish, outcome);
    }

    #[test]
    fn a_repeat_needs_a_reason_of_its_own() {
        let mut trace = Trace::default();
        published(&mut trace, "a", Outcome::Lost);
        published(&mut trace, "b", Outcome::Done);
        published(&mut trace, "a", Outcome::Done);
        assert_eq!(trace.unexplained(), [] as [&str; 0]);
        published(&mut trace, "b", Outcome::Done);
        assert_eq!(trace.unexplained().len(), 1, "{trace:?}");
        trace.killed();
        published(&mut trace, "a", Outcome::Done);
        published(&mut trace, "b", Outcome::Done);
        assert_eq!(trace.unexplained().len(), 1, "{trace:?}");
        let expected = [("kill".to_owned(), 2), ("publish: answer lost".to_owned(), 1)];
        assert_eq!(*trace.repeats(), expected.into());
    }

    #[test]
    fn a_refused_record_is_a_reason_until_it_succeeds() {
        let mut trace = Trace::default();
        published(&mut trace, "a", Outcome::Done);
        trace.ended("a", Step::Record, Outcome::Refused);
        published(&mut trace, "a", Outcome::Done);
        assert_eq!(*trace.repeats(), [("record: refused".to_owned(), 1)].into());
        trace.ended("a", Step::History, Outcome::Refused);
        trace.ended("a", Step::History, Outcome::Done);
        published(&mut trace, "a", Outcome::Done);
        assert_eq!(
            trace.unexplained().len(),
            1,
            "the history was stored, and the record was not: {trace:?}"
        );
    }

    #[test]
    fn a_recorded_event_is_never_published_again() {
        let mut trace = Trace::default();
        published(&mut trace, "a", Outcome::Lost);
        trace.recorded("a");
        trace.ended("a", Step::Record, Outcome::Lost);
        trace.killed();
        published(&mut trace, "a", Outcome::Done);
        assert_eq!(trace.unexplained().len(), 1, "{trace:?}");
    }

    #[test]
    fn a_timed_out_attempt_is_distinguished_from_a_second_call() {
        let mut trace = Trace::default();
        trace.publishing("a", Some("call"));
        trace.publishing("a", Some("call"));
        assert_eq!(trace.unexplained().len(), 0, "{trace:?}");
        trace.publishing("a", Some("another"));
        assert_eq!(trace.unexplained().len(), 1, "{trace:?}");
    }
}
