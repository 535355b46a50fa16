use serde::{Deserialize, Serialize};

use super::calls::{Calls, Position};
use super::results::Results;
use crate::api::Classification;
use crate::enrich::{Enricher, Found, Next, Reply};
use crate::meta::api::FoundCertificate;

/// Other certificates that a phishing event lists at most.
const RELATED: usize = 100;
/// The names of all of them together, so that the list stays small beside the event.
const RELATED_NAMES: usize = 2000;

/// A phishing alert: the certificate, and others found for the suspected names.
pub(super) struct Phishing {
    calls: Calls,
    work: Work,
    /// What to try to read as the certificate, the last one first.
    pems: Vec<String>,
    is_asking: bool,
    is_begun: bool,
    position: Position,
}

/// What was found so far.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
struct Work {
    results: Results,
    by_id: Option<FoundCertificate>,
    /// Only the first one has its PEM.
    others: Vec<FoundCertificate>,
}

/// Where the work goes on in a later receipt.
#[derive(Deserialize)]
struct Progress {
    position: Position,
    work: Work,
}

impl Phishing {
    pub(super) fn new(calls: Calls, included: Option<String>) -> Self {
        Self {
            calls,
            work: Work::default(),
            pems: included.into_iter().collect(),
            is_asking: true,
            is_begun: false,
            position: Position::default(),
        }
    }

    fn done(&self) -> Next {
        let Work { results, others, .. } = &self.work;
        Found {
            pem: self.pems.last().cloned(),
            certificates: self.work.own().map(|own| own.certificate.clone()).into_iter().collect(),
            related: others.iter().map(|other| other.certificate.clone()).collect(),
            problems: results.problems.clone(),
            ..Found::bare(results.result())
        }
        .done()
    }
}

impl Work {
    fn add(&mut self, found: Vec<FoundCertificate>, is_by_id: bool) {
        if is_by_id {
            self.by_id = found.into_iter().next();
            return;
        }
        let count = |found: &FoundCertificate| {
            found.certificate.names.as_ref().map_or(0, |names| names.dns.len())
        };
        let mut names: usize = self.others.iter().map(count).sum();
        for mut found in found {
            names += count(&found);
            if self.others.len() >= RELATED || names > RELATED_NAMES {
                return;
            }
            found.pem.take_if(|_| !self.others.is_empty());
            self.others.push(found);
        }
    }

    fn own(&self) -> Option<&FoundCertificate> {
        self.by_id.as_ref().or(self.others.first())
    }
}

impl Enricher for Phishing {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        self.is_begun |= !matches!(reply, Reply::Start);
        match reply {
            Reply::Start | Reply::Emitted => {}
            Reply::Unreadable { .. } => drop(self.pems.pop()),
            Reply::Answer(answer) => {
                let is_by_id = self.calls.is_by_id();
                match self.calls.answered(&answer, &mut self.work.results) {
                    Classification::Good(found) => self.work.add(found, is_by_id),
                    other => return Next::Failed(other.and_then(|_| Classification::Good(()))),
                }
            }
            Reply::Final(result) => {
                let what = self.calls.give_up();
                self.work.results.refuse(&what, result);
            }
        }
        if self.is_asking {
            if !self.work.results.is_over()
                && let Some(call) = self.calls.next()
            {
                self.position = self.calls.position();
                return Next::Ask(call);
            }
            // The event's own certificate is tried first, then the one that was found.
            self.is_asking = false;
            if let Some(pem) = self.work.own().and_then(|own| own.pem.clone()) {
                self.pems.insert(0, pem);
            }
        }
        self.done()
    }

    fn progress(&self) -> Option<String> {
        let (position, work) = self.is_begun.then_some((&self.position, &self.work))?;
        serde_json::to_string(&serde_json::json!({"position": position, "work": work})).ok()
    }

    fn resume(&mut self, progress: &str) {
        let Ok(Progress { position, work }) = serde_json::from_str(progress) else { return };
        self.calls.resume(position);
        (self.work, self.is_begun) = (work, true);
    }
}
