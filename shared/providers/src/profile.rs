use envelope::{Envelope, Provider};
use http::{HeaderName, HeaderValue, Method};
use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;

use crate::api::Key;
use crate::enrich::Enrichers;
use crate::interpretation::Interpretation;
use crate::lifecycle::Lifecycle;
use crate::receiver::{Event, InvalidDocument, SecretFault, WebhookReceiver};
use crate::request::{Verified, WebhookRequest};
use crate::secret_member::SecretMember;
use crate::{certspotter, cloudflare, digicert, finding, meta, synthetic};

/// Every provider: one row each. Whatever works for all providers iterates over these rows and names
/// none. The webhook functions never touch them, so that the linker drops the other providers.
pub static ALL: [&Profile; 4] =
    [&digicert::PROFILE, &cloudflare::PROFILE, &meta::PROFILE, &certspotter::PROFILE];

/// The receivers, for whatever is generic over one: `certhooks local`, and tests.
pub fn visit_receivers<V: ReceiverVisitor>(visitor: &mut V) {
    visitor.visit::<digicert::DigicertReceiver>();
    visitor.visit::<cloudflare::CloudflareReceiver>();
    visitor.visit::<meta::MetaReceiver>();
    visitor.visit::<certspotter::CertspotterReceiver>();
}

/// Is called with each receiver.
pub trait ReceiverVisitor {
    fn visit<R: WebhookReceiver>(&mut self);
}

/// What joins one provider's folder to the rest.
pub struct Profile {
    pub provider: Provider,
    /// Its name on the command line (`--provider`), and of its folder of sample events.
    pub name: &'static str,
    /// Path of the webhook route.
    pub route: &'static str,
    /// Members of the webhook secret. A secret that is stored as a plain string holds the first one, which
    /// is enough where the others are for something else than events.
    pub webhook_secret: &'static [SecretMember],
    pub api: Api,
    /// Whether any of its events has a call-back. Without, an API key is for reconciliation alone, and none
    /// is missed where there is none.
    pub has_call_backs: bool,
    /// What the types of its envelopes begin with.
    pub type_prefix: &'static str,
    /// What its event names begin with that says nothing to people; may be empty.
    pub event_prefix: &'static str,
    /// The stack's outputs with the URL of its webhook endpoint and the names of its secrets.
    pub stack_outputs: StackOutputs,
    pub sources: Sources,
    /// Leaf certificates of one event at most, in the history of a certificate.
    pub leaves: usize,
    pub samples: Samples,
    /// The events of a request, verified with a stored webhook secret, as the webhook function reads
    /// them.
    pub receive: fn(&WebhookRequest, &SecretString) -> Result<Vec<Event>, NotReceived>,
    /// Interprets an envelope of this provider. Never fails: an event that is not understood is
    /// `Unrecognised`.
    pub interpret: fn(&Envelope) -> Interpretation,
    /// The certificate that an event is about, and the event's rank in its lifecycle.
    pub lifecycle: fn(&Envelope, &Interpretation) -> Option<Lifecycle>,
    /// What makes the call-backs of its events, from the operator's settings.
    pub enrichers: fn(Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting>,
}

/// Longest key of a certificate's lifecycle. A longer one is dropped: a provider may send any text
/// in the place of a name.
const KEY_LIMIT: usize = 512;

impl Profile {
    /// A webhook secret with this value in each member, as it is stored: for samples and tests.
    pub fn sample_secret(&self, value: &str) -> SecretString {
        let members = self.webhook_secret.iter();
        let members = members.map(|member| (member.stored_as.to_owned(), Value::from(value)));
        Value::Object(members.collect()).to_string().into()
    }

    /// The header by which its requests prove that their sender knows the secret: one that is another with
    /// another secret. `None` where the query or the body proves it.
    pub fn proof_header(&self) -> Option<&'static str> {
        let [ours, theirs] = ["a", "b"].map(|letter| self.sample_request(letter));
        let theirs = theirs?.headers;
        let proof = ours?.headers.into_iter().find(|header| !theirs.contains(header))?;
        Some(proof.0)
    }

    /// Whether its requests have JSON as their body: a document, as it is.
    pub fn sends_json(&self) -> bool {
        let document = (self.samples.event)(1);
        self.sample_request("a").is_some_and(|request| request.body == document.into_bytes())
    }

    /// A request that is made with a secret of this letter.
    fn sample_request(&self, letter: &str) -> Option<SampleRequest> {
        let secret = self.sample_secret(&letter.repeat(32));
        let document = (self.samples.event)(1).into_bytes();
        (self.samples.request)(&secret, document, OffsetDateTime::UNIX_EPOCH).ok()
    }

    /// Interprets an event of this provider, a synthetic one of its endpoint, or a finding that followed from one.
    pub fn interpretation_of(&self, envelope: &Envelope) -> Interpretation {
        if synthetic::endpoint(&envelope.source).is_some() {
            return synthetic::interpret(self.provider);
        }
        let finding =
            finding::provider(&envelope.source).and_then(|_| finding::interpret(envelope));
        finding.unwrap_or_else(|| (self.interpret)(envelope))
    }

    /// The certificate that an event is about, and the event's rank in its lifecycle. `None` for what is
    /// about no certificate: notices of domains and organizations, events that are not recognised, and what
    /// a log shows, until it is compared with what was issued.
    pub fn lifecycle_of(
        &self,
        envelope: &Envelope,
        interpretation: &Interpretation,
    ) -> Option<Lifecycle> {
        let lifecycle = match finding::provider(&envelope.source) {
            Some(_) if interpretation.correlation.is_some() => finding::lifecycle(interpretation),
            Some(_) => return None,
            None => (self.lifecycle)(envelope, interpretation)?,
        };
        (lifecycle.certificate.len() <= KEY_LIMIT).then_some(lifecycle)
    }
}

/// Looks up a setting of the operator's by its variable.
pub type Settings<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A setting that cannot be understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidSetting {
    pub variable: &'static str,
    pub problem: String,
}

/// Names of outputs of the stack (`infra/aws/template.yaml`).
pub struct StackOutputs {
    pub webhook_url: &'static str,
    pub webhook_secret: &'static str,
    pub api_secret: &'static str,
}

/// The addresses that a provider sends from, for an allowlist.
pub enum Sources {
    /// One range, and the stack's parameter that allows it.
    Range {
        range: &'static str,
        stack_parameter: &'static str,
    },
    /// Ranges that this page lists.
    Listed {
        page: &'static str,
    },
    Unknown,
}

/// A provider's API.
pub struct Api {
    /// What the provider calls its key.
    pub key_name: &'static str,
    /// https, with the path; overridden by `base_variable`.
    pub base: &'static str,
    pub base_variable: &'static str,
    /// Calls per time, such as `100/5s,1000/3m`; overridden by `budget_variable`.
    pub budget: &'static str,
    pub budget_variable: &'static str,
    pub secret: SecretMember,
    /// The worker's variable with the id of the secret in Secrets Manager.
    pub secret_id_variable: &'static str,
    /// The stored secret as calls carry it. `None` when it was never filled in.
    pub key: fn(&SecretString) -> Option<Key>,
    /// Settings that a simulation of the provider needs beside its base.
    pub simulation: &'static [(&'static str, &'static str)],
}

/// Sample events: how to recognise, vary and send them.
pub struct Samples {
    /// Whether a document has the form of this provider's events.
    pub recognises: fn(&Value) -> bool,
    /// Gives a document ids of its own. `copy` is not 0.
    pub vary: fn(&mut Value, u64),
    /// An event with ids from this number.
    pub event: fn(u64) -> String,
    /// The provider's test message, or a document of its form without an event.
    pub probe: &'static str,
    /// What `probe` is, for people.
    pub probe_name: &'static str,
    /// Whether the provider may send it without its secret.
    pub is_probe_unkeyed: bool,
    /// The request by which the provider sends a document at a time, signed or authenticated with a stored
    /// webhook secret. What is no document is sent as it is.
    pub request: fn(&SecretString, Vec<u8>, OffsetDateTime) -> Result<SampleRequest, SecretFault>,
}

/// A request that the provider itself could have sent.
#[derive(Debug)]
pub struct SampleRequest {
    pub method: Method,
    /// Without `?`; empty for none.
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Why a request has no events.
#[derive(Debug, thiserror::Error)]
pub enum NotReceived {
    #[error(transparent)]
    Document(#[from] InvalidDocument),
    #[error(transparent)]
    Secret(#[from] SecretFault),
    #[error("the request was not made with the secret")]
    Unverified,
}

/// [`Profile::receive`] of the receiver `R`.
///
/// # Errors
/// Why the request has no events.
pub fn receive<R: WebhookReceiver>(
    request: &WebhookRequest,
    stored: &SecretString,
) -> Result<Vec<Event>, NotReceived> {
    let secret = R::secret(stored)?;
    let verified = Verified::<R>::with_secret(request, &secret).ok_or(NotReceived::Unverified)?;
    Ok(R::events(&verified)?)
}

impl SampleRequest {
    /// The request as a front end hands it in.
    pub fn received(self, received: OffsetDateTime) -> WebhookRequest {
        let headers = self.headers.into_iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        });
        let Self { method, query, .. } = self;
        WebhookRequest {
            method,
            query,
            ..WebhookRequest::post(headers.collect(), self.body, received)
        }
    }

    /// A `POST` of JSON with this header.
    pub fn post(header: (&'static str, String), body: Vec<u8>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned()), header];
        Self { method: Method::POST, query: String::new(), headers, body }
    }
}

/// The row of one provider.
pub fn of(provider: Provider) -> &'static Profile {
    // Every provider has its row, which a test makes sure of.
    ALL.iter().find(|profile| profile.provider == provider).copied().unwrap_or(ALL[0])
}
