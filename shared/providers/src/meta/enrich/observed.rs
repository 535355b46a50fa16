use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::calls::{Calls, Position};
use super::results::Results;
use crate::api::Classification;
use crate::enrich::{CallResult, Emission, Enricher, Found, Next, Reply};
use crate::meta::api::FoundCertificate;

/// A certificate alert: one event for each certificate that is found and not yet in the ledger.
pub(super) struct Observed {
    calls: Calls,
    results: Results,
    emissions: VecDeque<FoundCertificate>,
    /// The certificate of the last [`Next::Emit`].
    emitting: Option<String>,
    included: Option<String>,
    progress: Progress,
}

/// Where the work goes on in a later receipt. The page whose certificates are being emitted is asked for
/// again.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
struct Progress {
    position: Position,
    results: Results,
    has_emitted: bool,
    /// The certificate of the page at `position` that was emitted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    emitted: Option<String>,
    /// Whether anything was done yet.
    #[serde(skip)]
    is_begun: bool,
}

impl Observed {
    pub(super) fn new(calls: Calls, included: Option<String>) -> Self {
        Self {
            calls,
            included,
            results: Results::default(),
            emissions: VecDeque::new(),
            emitting: None,
            progress: Progress::default(),
        }
    }

    /// The certificates of a page, without those that were emitted before the work was interrupted.
    fn emit_page(&mut self, found: Vec<FoundCertificate>) {
        self.emissions.extend(found);
        if let Some(last) = self.progress.emitted.take() {
            let position = self.emissions.iter().position(|found| found.sha256 == last);
            self.emissions.drain(..position.map_or(0, |last| last + 1));
        }
    }

    fn next_emission(&mut self) -> Option<Next> {
        let found = self.emissions.pop_front()?;
        self.emitting = Some(found.sha256.clone());
        Some(Next::Emit(Box::new(emission(found, self.results.result()))))
    }
}

impl Enricher for Observed {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        self.progress.is_begun |= !matches!(reply, Reply::Start);
        match reply {
            Reply::Start => {}
            Reply::Emitted => {
                self.progress.has_emitted = true;
                self.progress.emitted = self.emitting.take();
            }
            Reply::Unreadable { .. } => self.included = None,
            Reply::Answer(answer) => match self.calls.answered(&answer, &mut self.results) {
                Classification::Good(found) => self.emit_page(found),
                other => return Next::Failed(other.and_then(|_| Classification::Good(()))),
            },
            // What the id of an entry denotes is not documented; it need not be a certificate's.
            Reply::Final(result) if self.calls.is_by_id() => {
                self.calls.give_up();
                self.results.refused = Some(result);
            }
            Reply::Final(result) => {
                let what = self.calls.give_up();
                self.results.refuse(&what, result);
            }
        }
        if let Some(next) = self.next_emission() {
            return next;
        }
        if !self.results.is_over()
            && let Some(call) = self.calls.next()
        {
            self.progress.position = self.calls.position();
            self.progress.results = self.results.clone();
            // It is kept until the page at this position was asked for again.
            self.progress.emitted.take_if(|_| !matches!(reply, Reply::Start));
            return Next::Ask(call);
        }
        let result = self.results.result();
        let pem = self.included.clone().filter(|_| self.results.is_disabled());
        let problems = std::mem::take(&mut self.results.problems);
        let has_emitted = self.progress.has_emitted;
        Found { pem, problems, has_emitted, ..Found::bare(result) }.done()
    }

    fn progress(&self) -> Option<String> {
        let progress = self.progress.is_begun.then_some(&self.progress)?;
        serde_json::to_string(progress).ok()
    }

    fn resume(&mut self, progress: &str) {
        let Ok(progress) = serde_json::from_str::<Progress>(progress) else { return };
        self.calls.resume(progress.position.clone());
        self.results = progress.results.clone();
        self.progress = Progress { is_begun: true, ..progress };
    }
}

fn emission(found: FoundCertificate, result: CallResult) -> Emission {
    let FoundCertificate { sha256, pem, certificate, .. } = found;
    let found = Found { pem, certificates: vec![certificate], ..Found::bare(result) };
    Emission { subject: "meta/certificate", sha256, found }
}
