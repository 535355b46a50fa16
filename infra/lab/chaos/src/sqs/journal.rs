use std::collections::BTreeMap;
use std::fmt;

use crate::sqs::wire::Step;

/// What went through the proxy for each event, in order: the judge of repeats.
///
/// What is published may be published again until it is recorded, and only for a [`Reason`] that was
/// seen since. Of the reasons one is no crash and no lost answer: the ledger refused the record, or
/// the history that goes with it, as often as the worker asked. What is out cannot be called back,
/// and without a record nothing tells the next worker of it.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    events: BTreeMap<String, Entry>,
    /// Of workers.
    kills: u64,
    pub(crate) faults: u64,
    /// How often which fault or kill was at which step.
    pub(crate) at: BTreeMap<String, u64>,
    /// How often something was published again, and why.
    repeats: BTreeMap<Reason, u64>,
    unexplained: Vec<String>,
}

#[derive(Debug, Default)]
struct Entry {
    last: Option<Publication>,
    is_recorded: bool,
}

#[derive(Debug)]
struct Publication {
    /// The same for each attempt that the SDK makes at one call.
    call: Option<String>,
    /// The kills before it.
    kills: u64,
    is_answered: bool,
    /// What the worker heard last of it or of its record, unless it was that it is done.
    unheard: Option<(Step, Outcome)>,
}

/// What the sender of a request learned of it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Outcome {
    Done,
    /// The connection ended without an answer.
    Lost,
    Refused,
    /// The sender ended the connection before the answer came: its own timeout.
    TooLate,
}

/// Why something was published again.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Reason {
    Kill,
    /// At publish, tell or record.
    Unheard(Step, Outcome),
}

impl Journal {
    /// The worker is dead.
    pub(crate) fn killed(&mut self) {
        self.kills += 1;
    }

    /// Before it is passed on.
    pub(crate) fn publishing(&mut self, id: &str, call: Option<&str>) {
        let entry = self.events.entry(id.to_owned()).or_default();
        if entry.is_recorded {
            self.unexplained.push(format!("{id} was published after it was recorded"));
        } else if let Some(last) = &entry.last {
            match last.reason(self.kills, call) {
                Some(reason) => *self.repeats.entry(reason).or_default() += 1,
                None => {
                    self.unexplained
                        .push(format!("{id} was published twice, and nothing had happened"));
                }
            }
        }
        entry.last = Some(Publication {
            call: call.map(str::to_owned),
            kills: self.kills,
            is_answered: false,
            unheard: None,
        });
    }

    /// What became of publishing, telling or recording it.
    pub(crate) fn ended(&mut self, id: &str, step: Step, outcome: Outcome) {
        let Some(last) = self.events.get_mut(id).and_then(|entry| entry.last.as_mut()) else {
            return;
        };
        last.is_answered |= step == Step::Publish;
        last.unheard = (outcome != Outcome::Done).then_some((step, outcome));
    }

    /// After the table has taken it.
    pub(crate) fn recorded(&mut self, id: &str) {
        self.events.entry(id.to_owned()).or_default().is_recorded = true;
    }

    pub(crate) fn count(&mut self, what: String) {
        *self.at.entry(what).or_default() += 1;
    }

    /// How often something was published again, by the reason.
    pub(crate) fn repeats(&self) -> BTreeMap<String, u64> {
        self.repeats.iter().map(|(reason, count)| (reason.to_string(), *count)).collect()
    }

    /// Repeats that the contract does not allow for.
    pub(crate) fn unexplained(&self) -> &[String] {
        &self.unexplained
    }
}

impl Publication {
    /// Why it may be published again, in `call`.
    fn reason(&self, kills: u64, call: Option<&str>) -> Option<Reason> {
        if self.kills < kills {
            return Some(Reason::Kill);
        }
        // The next attempt can be here before the end of the connection of the one given up.
        if !self.is_answered && call.is_some() && self.call.as_deref() == call {
            return Some(Reason::Unheard(Step::Publish, Outcome::TooLate));
        }
        self.unheard.map(|(step, outcome)| Reason::Unheard(step, outcome))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Unheard(step, outcome) = self else { return f.write_str("kill") };
        let outcome = match outcome {
            Outcome::Done => "done",
            Outcome::Lost => "answer lost",
            Outcome::Refused => "refused",
            Outcome::TooLate => "answer too late",
        };
        write!(f, "{}: {outcome}", step.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(journal: &mut Journal, id: &str, outcome: Outcome) {
        journal.publishing(id, Some(id));
        journal.ended(id, Step::Publish, outcome);
    }

    #[test]
    fn a_repeat_needs_a_reason_of_its_own() {
        let mut journal = Journal::default();
        published(&mut journal, "a", Outcome::Lost);
        published(&mut journal, "b", Outcome::Done);
        published(&mut journal, "a", Outcome::Done);
        assert_eq!(journal.unexplained(), [] as [&str; 0]);
        published(&mut journal, "b", Outcome::Done);
        assert_eq!(journal.unexplained().len(), 1, "{journal:?}");
        journal.killed();
        published(&mut journal, "a", Outcome::Done);
        published(&mut journal, "b", Outcome::Done);
        assert_eq!(journal.unexplained().len(), 1, "{journal:?}");
        let expected = [("kill".to_owned(), 2), ("publish: answer lost".to_owned(), 1)];
        assert_eq!(journal.repeats(), expected.into());
    }

    #[test]
    fn a_refused_record_is_a_reason_until_it_is_taken() {
        let mut journal = Journal::default();
        published(&mut journal, "a", Outcome::Done);
        journal.ended("a", Step::Record, Outcome::Refused);
        published(&mut journal, "a", Outcome::Done);
        assert_eq!(journal.repeats(), [("record: refused".to_owned(), 1)].into());
        journal.ended("a", Step::Tell, Outcome::Refused);
        journal.ended("a", Step::Tell, Outcome::Done);
        published(&mut journal, "a", Outcome::Done);
        assert_eq!(journal.unexplained().len(), 1, "it was told, and not recorded: {journal:?}");
    }

    #[test]
    fn what_is_recorded_is_never_published_again() {
        let mut journal = Journal::default();
        published(&mut journal, "a", Outcome::Lost);
        journal.recorded("a");
        journal.ended("a", Step::Record, Outcome::Lost);
        journal.killed();
        published(&mut journal, "a", Outcome::Done);
        assert_eq!(journal.unexplained().len(), 1, "{journal:?}");
    }

    #[test]
    fn an_attempt_given_up_is_told_from_a_second_call() {
        let mut journal = Journal::default();
        journal.publishing("a", Some("call"));
        journal.publishing("a", Some("call"));
        assert_eq!(journal.unexplained().len(), 0, "{journal:?}");
        journal.publishing("a", Some("another"));
        assert_eq!(journal.unexplained().len(), 1, "{journal:?}");
    }
}
