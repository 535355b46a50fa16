use envelope::{Certificate, Correlation, Dcv, EventType, Provider};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::naming::event_name;

/// What an envelope means: its type in the public vocabulary, and what to ask the provider.
#[derive(Clone, Debug)]
pub struct Interpretation {
    pub provider: Provider,
    /// The provider's own event name.
    pub event: String,
    pub kind: EventType,
    pub subject: String,
    pub identifiers: Map<String, Value>,
    pub plan: Plan,
    /// What the provider says is wrong, and the names that were skipped and why.
    pub problems: Vec<String>,
    /// What domain control validation waits for.
    pub dcv: Option<Dcv>,
    /// What the event itself says about a certificate, where it came without PEM.
    pub certificates: Vec<Certificate>,
    /// Whom to turn to about a certificate of the logs.
    pub issuer: IssuerContact,
    /// What a certificate of the logs was compared with, if the event says so.
    pub correlation: Option<Correlation>,
    /// Certificates in PEM that came with the event.
    pub pem: Option<String>,
    /// The provider's ownership challenge, if the event is one. Such an event is never archived or
    /// delivered: only the operator receives its token.
    pub challenge: Option<Challenge>,
}

impl Interpretation {
    /// An event without identifiers, for which nothing is asked.
    pub(crate) fn of(provider: Provider, event: &str, kind: EventType, subject: String) -> Self {
        Self {
            provider,
            event: event_name(event),
            kind,
            subject,
            identifiers: Map::new(),
            plan: Plan::NotNeeded,
            problems: Vec::new(),
            dcv: None,
            certificates: Vec::new(),
            issuer: IssuerContact::default(),
            correlation: None,
            pem: None,
            challenge: None,
        }
    }

    /// The identifier of this name, where it is a number. Identifiers are text, because numbers of 64 bits do not
    /// survive JavaScript.
    pub fn number(&self, name: &str) -> Option<u64> {
        number(&self.identifiers, name)
    }
}

/// [`Interpretation::number`] of the identifiers alone.
pub fn number(identifiers: &Map<String, Value>, name: &str) -> Option<u64> {
    identifiers.get(name)?.as_str()?.parse().ok()
}

/// What is known of the issuer of a certificate beside its name.
#[derive(Clone, Debug, Default)]
pub struct IssuerContact {
    /// Its domains in CAA records (RFC 8659).
    pub caa_domains: Vec<String>,
    /// How to report a certificate to it, in its words.
    pub problem_reporting: Option<String>,
}

/// The call-back that an event needs (`infra/docs/architecture.md`, "Call-backs and their results").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plan {
    /// The provider is asked. What it is asked follows from the type of the event and its identifiers.
    CallBack,
    /// No call-back.
    NotNeeded,
    /// The ids of the event cannot be used for a call-back.
    UnusableId,
}

/// A provider's ownership challenge of the endpoint.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Id of the webhook at the provider.
    pub webhook_id: String,
    pub token: SecretString,
    /// When the token ends.
    pub expires: OffsetDateTime,
    /// The operator's command for it: `certhooks` this, and then `challenge` or `activate`.
    pub command: &'static str,
}
