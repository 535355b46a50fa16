use envelope::{Certificate, Dcv, Envelope, Outcome, Reason};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::Duration;

use crate::api::{Answer, Call, Classification, Request};
use crate::interpretation::{Challenge, Interpretation};
use crate::profile::{InvalidSetting, Settings};

/// The call-backs of one event, as a machine without I/O. `processing` drives every provider's machine
/// with the same loop: it calls [`next`](Self::next), does what is asked, and hands in what came of it.
pub trait Enricher: Send {
    fn next(&mut self, reply: Reply<'_>) -> Next;

    /// How long after its receipt an event waits for an answer that the machine can end without. `None`
    /// where it cannot: the event is then tried for as long as any.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Where the work is, for a later receipt to go on there: what is left includes the last
    /// [`Next::Ask`]. `None` where it is to begin anew. Only work of many calls has it.
    fn progress(&self) -> Option<String> {
        None
    }

    /// Goes on where [`progress`](Self::progress) says, before the first call of [`next`](Self::next).
    fn resume(&mut self, _progress: &str) {}
}

/// Makes the machines of one provider. Built once, from the operator's settings.
pub trait Enrichers: Send + Sync {
    /// The machine of an event whose plan is [`Plan::CallBack`](crate::interpretation::Plan::CallBack).
    /// The event came with a chain only if `interpretation.pem` says so: one that is not whole is left out.
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher>;

    /// The call that completes an ownership challenge. `None` unless the operator wants the worker to.
    ///
    /// # Errors
    /// Why there is no such call, for a person.
    fn completion(&self, _challenge: &Challenge) -> Result<Option<Completion>, &'static str> {
        Ok(None)
    }

    /// Another id under which the ledger is to know an event, so that reconciliation finds it where the
    /// provider's records differ from what it sent.
    fn other_id(&self, _envelope: &Envelope) -> Option<String> {
        None
    }

    /// The document of an event without what people are known by, if it holds any and the operator does not
    /// want it kept.
    fn without_personal_data(&self, _envelope: &Envelope) -> Option<Box<RawValue>> {
        None
    }

    /// The calls that find out whether the key itself is refused, after an answer that leaves that open.
    /// The key is good if one of them says so. Empty for an answer that says what it means.
    fn key_checks(&self, _answer: &Answer<'_>) -> Vec<KeyCheck> {
        Vec::new()
    }
}

/// The machines of a provider whose events have no call-back.
///
/// # Errors
/// None; the signature is that of [`Profile::enrichers`](crate::profile::Profile::enrichers).
pub fn none(_: Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting> {
    Ok(Box::new(NoCallBacks))
}

struct NoCallBacks;

impl Enrichers for NoCallBacks {
    fn enricher(&self, _: &Interpretation) -> Box<dyn Enricher> {
        Box::new(Self)
    }
}

impl Enricher for NoCallBacks {
    fn next(&mut self, _: Reply<'_>) -> Next {
        Found::default().done()
    }
}

/// A call that finds out whether the API key is valid.
pub struct KeyCheck {
    pub call: Call,
    pub classify: fn(&Answer<'_>) -> Classification<()>,
}

/// A call that completes an ownership challenge.
pub struct Completion {
    /// Asked first: whether the challenge is about a webhook of the account, since anyone who has the
    /// webhook's secret can send one.
    pub lookup: Request,
    /// What is wrong with the answer to `lookup`, without any of these secrets.
    pub is_own: fn(&Answer<'_>, &Challenge, &[String]) -> Result<(), String>,
    pub request: Request,
    /// What went wrong, without any of these secrets.
    pub classify: fn(&Answer<'_>, &[String]) -> Result<(), String>,
}

/// What came of the last [`Next`].
#[derive(Debug)]
pub enum Reply<'a> {
    /// Nothing was asked yet.
    Start,
    /// The API's whole answer to the last [`Next::Ask`].
    Answer(Answer<'a>),
    /// The last [`Next::Ask`] or [`Next::Failed`] ended with this result: no answer, and none to wait for.
    Final(CallResult),
    /// The PEM of the last [`Next::Done`] is no bundle of certificates.
    Unreadable {
        /// It ends within a block: a transport failure.
        is_cut_short: bool,
    },
    /// The certificate of the last [`Next::Emit`] has an event of its own, now or from an earlier event.
    Emitted,
}

/// What the machine wants next.
#[derive(Debug)]
pub enum Next {
    /// Call the API.
    Ask(Call),
    /// Deliver an event of its own for this certificate, unless the ledger knows the certificate.
    Emit(Box<Emission>),
    /// The answer cannot be used. Whether to try again later or to go on without it depends on the age of
    /// the event, which only the caller knows; it goes on with [`Reply::Final`].
    Failed(Classification<()>),
    /// The end. Not delivered when certificates were emitted: their events say it all.
    Done(Box<Found>),
}

/// The result of a call that has no usable answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallResult {
    pub outcome: Outcome,
    pub reason: Option<Reason>,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
}

/// What is known of an event once the provider was asked, or need not be.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub result: CallResult,
    /// The status of the order or hostname.
    pub status: Option<String>,
    /// Certificates in PEM, in any order. They go before `certificates`, if they can be read. With
    /// [`Outcome::Included`] it is the chain of the event, which need not be repeated here.
    pub pem: Option<String>,
    pub confirmation: Confirmation,
    /// The provider's record says the contrary of the event, as `problems` tells: the event changes no
    /// state of its certificate.
    pub is_contradicted: bool,
    /// Certificates as the API describes them.
    pub certificates: Vec<Certificate>,
    pub problems: Vec<String>,
    pub dcv: Option<Dcv>,
    /// Certificates were emitted in an earlier receipt.
    pub has_emitted: bool,
    /// Others that were found. Those that are delivered as the event's own are left out.
    pub related: Vec<Certificate>,
}

/// Whether the certificate is what the provider's own record says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Confirmation {
    /// The provider was not asked for it, or gives no certificates.
    #[default]
    NotAsked,
    /// The PEM is the provider's record for the id of the event.
    Recorded,
    /// The provider does not know the id. The chain is that of the event.
    NotFound,
    /// The provider could not be asked. The chain is that of the event.
    NotAnswered,
}

/// A certificate that has an event of its own.
#[derive(Debug)]
pub struct Emission {
    /// The subject is this, `/`, and the SHA-256 of the certificate.
    pub subject: &'static str,
    /// The SHA-256 as the API gives it, where the certificate itself cannot be read.
    pub sha256: String,
    pub found: Found,
}

impl CallResult {
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, reason: None, status: None }
    }

    pub fn answered(outcome: Outcome, status: u16) -> Self {
        Self { outcome, reason: None, status: Some(status) }
    }
}

impl Default for CallResult {
    fn default() -> Self {
        Self::new(Outcome::NotNeeded)
    }
}

impl Found {
    /// A result without any certificate.
    pub fn bare(result: CallResult) -> Self {
        Self { result, ..Self::default() }
    }

    /// The end of a machine with this.
    pub fn done(self) -> Next {
        Next::Done(Box::new(self))
    }
}
