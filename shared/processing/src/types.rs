//! What one event is on its way through the worker, and what each step can come to.

use std::time::{Duration, Instant};

use envelope::{Callback, Certificate, Checks, Dcv, Envelope, EventType, Reason};
use providers::interpretation::Interpretation;
use providers::profile::Profile;
use time::OffsetDateTime;

use crate::compose::Redacted;
use crate::repeat::distinguishing_hash;

/// A message received from the events queue.
#[derive(Clone, Debug)]
pub struct QueueMessage {
    /// The id that SQS gave it, for log lines.
    pub id: Option<String>,
    /// Distinguishes this receipt of the message from every other; it owns the claim.
    pub receipt: String,
    pub body: String,
    /// When the worker must have finished with the message; `None` for no limit.
    pub deadline: Option<Instant>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Disposition {
    /// A challenge: its token was stored for the operator, or used.
    ChallengeStored,
    Delivered,
    /// There was nothing to deliver: it was delivered before, or the challenge had expired.
    Duplicate,
    /// A failure on our side: the message stays on the queue, and its receive count decides.
    Unacknowledged,
    /// Sent to the queue again for later: the provider cannot answer now, or another worker has
    /// claimed the event.
    Requeued,
}

impl Disposition {
    /// Whether the message may be deleted from the queue.
    pub fn is_done(self) -> bool {
        self != Self::Unacknowledged
    }
}

/// An event in progress.
pub(crate) struct Event<'a> {
    pub(crate) profile: &'static Profile,
    /// The envelope as it was received, which is what a retry sends to the queue again.
    pub(crate) envelope: &'a Envelope,
    /// The same as it is archived and delivered. A repeat has an id of its own here.
    pub(crate) redacted: &'a Redacted,
    /// The leaf that was delivered before, where this event is a repeat that came with another one.
    pub(crate) disputed_leaf: Option<&'a str>,
    pub(crate) interpretation: &'a Interpretation,
    pub(crate) message: &'a QueueMessage,
    pub(crate) began: Instant,
    /// When it was taken from the queue.
    pub(crate) taken: OffsetDateTime,
}

impl Event<'_> {
    /// The id under which it is claimed, delivered and recorded.
    pub(crate) fn id(&self) -> &str {
        &self.redacted.envelope.id
    }

    /// Whether work of many calls must stop here, to continue in a later receipt.
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.message.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

/// How the call-backs of an event ended.
pub(crate) enum Enriched {
    /// Everything is known that can be known.
    Complete(Box<Enrichment>),
    /// Every certificate that was found has an event of its own: `new` ones now, `known` ones before.
    /// No event has the `problems`.
    Emitted { new: usize, known: usize, problems: Vec<String> },
    /// Not now.
    Retry(Retry),
}

/// What the call-backs added to an event.
pub(crate) struct Enrichment {
    pub(crate) callback: Callback,
    pub(crate) status: Option<String>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) pem_chain: Option<String>,
    pub(crate) checks: Checks,
    pub(crate) problems: Vec<String>,
    pub(crate) dcv: Option<Dcv>,
    pub(crate) related: Vec<Certificate>,
    /// Certificates came as PEM, and the leaf among them: not all are those of CAs.
    pub(crate) has_leaf: bool,
    /// The provider's own record says the contrary of the event.
    pub(crate) is_contradicted: bool,
    /// When the last answer was there, and when its certificates were checked.
    pub(crate) called_back: OffsetDateTime,
    pub(crate) checked: OffsetDateTime,
}

impl Enrichment {
    /// The [`distinguishing_hash`] of the leaf, where it came as PEM.
    pub(crate) fn leaf(&self, kind: EventType) -> Option<&str> {
        let first = self.certificates.first().filter(|_| self.has_leaf);
        distinguishing_hash(kind, first?)
    }
}

/// The envelope is to be requeued.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Retry {
    pub(crate) delay: Duration,
    pub(crate) reason: RetryReason,
    /// HTTP status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// Where work of many calls goes on.
    pub(crate) progress: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RetryReason {
    /// The worker's own time is nearly over. Not an attempt.
    Deadline,
    /// A call was made and failed: an attempt.
    Failure(Reason, FailureKind),
    /// The provider is down, so no call was made. Not an attempt.
    Held,
    /// The budget allows no call now. Not an attempt.
    RateLimit,
}

impl RetryReason {
    /// The word in the requeued envelope.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Failure(reason, _) => reason.as_str(),
            Self::Held => "held",
            Self::RateLimit => "rate_limit",
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FailureKind {
    BadCertificate,
    KeyRefused,
    Transient,
}
