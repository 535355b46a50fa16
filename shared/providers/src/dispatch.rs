use envelope::{Envelope, Provider};

use crate::interpretation::{Challenge, Interpretation};
use crate::lifecycle::Lifecycle;
use crate::secret_member::SecretMember;
use crate::{cloudflare, digicert, meta, synthetic};

/// Longest key of a certificate's lifecycle. A longer one is dropped: a provider may send any text in
/// the place of a name.
const KEY_LIMIT: usize = 512;

/// Interprets any envelope. It never fails: an event that is not understood is `Unrecognised`, and
/// its document stays whole. `None` when the envelope's `source` names no provider.
pub fn interpret(envelope: &Envelope) -> Option<Interpretation> {
    if let Some(provider) = synthetic::provider(envelope) {
        return Some(synthetic::interpret(provider));
    }
    match provider(envelope)? {
        Provider::Cloudflare => Some(cloudflare::interpret(envelope)),
        Provider::Digicert => Some(digicert::interpret(envelope)),
        Provider::Meta => Some(meta::interpret(envelope)),
    }
}

/// The provider whose event it is, from `source`.
pub fn provider(envelope: &Envelope) -> Option<Provider> {
    let first = envelope.source.strip_prefix('/')?.split('/').next()?;
    Provider::ALL.iter().copied().find(|provider| provider.as_str() == first)
}

/// The challenge in an envelope, if it is one.
pub fn challenge(envelope: &Envelope) -> Option<Challenge> {
    (provider(envelope)? == Provider::Digicert).then(|| digicert::challenge(envelope))?
}

/// The certificate that an event is about, and the event's rank in its lifecycle. `None` for what is
/// about no certificate of the operator's: notices of domains and organizations, Meta's events, and
/// events that are not recognised.
pub fn lifecycle(envelope: &Envelope, interpretation: &Interpretation) -> Option<Lifecycle> {
    let lifecycle = match interpretation.provider {
        Provider::Cloudflare => cloudflare::lifecycle(envelope, interpretation)?,
        Provider::Digicert => digicert::lifecycle(interpretation)?,
        Provider::Meta => return None,
    };
    (lifecycle.certificate.len() <= KEY_LIMIT).then_some(lifecycle)
}

/// The base of a provider's API, unless the operator sets another one.
pub const fn api_base(provider: Provider) -> &'static str {
    match provider {
        Provider::Cloudflare => cloudflare::API_BASE,
        Provider::Digicert => digicert::API_BASE,
        Provider::Meta => meta::API_BASE,
    }
}

/// The member of a webhook secret with which a provider signs or authenticates its requests. A secret
/// that is stored as a plain string holds this member.
pub const fn webhook_secret(provider: Provider) -> SecretMember {
    match provider {
        Provider::Cloudflare => cloudflare::WEBHOOK_AUTH,
        Provider::Digicert => digicert::WEBHOOK_KEY,
        Provider::Meta => meta::APP_SECRET,
    }
}
