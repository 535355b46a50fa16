use envelope::{Outcome, Reason};
use serde::{Deserialize, Serialize};

use crate::enrich::CallResult;

/// Problems of one event at most; the number of further ones is left out.
const PROBLEMS: usize = 100;

/// What the calls of one event came to.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Results {
    /// HTTP status of the last good answer.
    pub(super) status: Option<u16>,
    /// The first result without an answer; that the API is gone counts more.
    pub(super) refused: Option<CallResult>,
    pub(super) problems: Vec<String>,
}

impl Results {
    pub(super) fn refuse(&mut self, what: &str, result: CallResult) {
        if let Some(reason) = result.reason {
            self.problem(format!("{what}: lookup failed: {reason}"));
        }
        if self.refused.is_none() || is_end(&result) {
            self.refused = Some(result);
        }
    }

    pub(super) fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Whether a further call makes no sense: there is no key, the API is retired, or the time is over.
    pub(super) fn is_over(&self) -> bool {
        self.refused.as_ref().is_some_and(is_end)
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.refused.is_some_and(|result| result.outcome == Outcome::Disabled)
    }

    pub(super) fn result(&self) -> CallResult {
        // Nothing was asked: there is no id, and there are no domains.
        let unusable =
            CallResult { reason: Some(Reason::UnusableId), ..CallResult::new(Outcome::Failed) };
        match (self.status, self.refused) {
            (Some(status), _) => CallResult::answered(Outcome::Queried, status),
            (None, refused) => refused.unwrap_or(unusable),
        }
    }
}

fn is_end(result: &CallResult) -> bool {
    matches!(result.outcome, Outcome::Disabled | Outcome::Gone)
        || result.reason == Some(Reason::Expired)
}
