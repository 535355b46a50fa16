use envelope::{Envelope, Provider};

use crate::interpretation::Interpretation;
use crate::lifecycle::Lifecycle;
use crate::profile::Profile;
use crate::{profile, synthetic};

/// Longest key of a certificate's lifecycle. A longer one is dropped: a provider may send any text
/// in the place of a name.
const KEY_LIMIT: usize = 512;

/// Interprets any envelope. It never fails: an event that is not understood is `Unrecognised`, and
/// its document stays whole. `None` when the envelope's `source` names no provider.
pub fn interpret(envelope: &Envelope) -> Option<Interpretation> {
    interpret_by(envelope, profile::of)
}

/// As [`interpret`], with the row that `of` gives for the provider.
pub fn interpret_by(
    envelope: &Envelope,
    of: impl Fn(Provider) -> &'static Profile,
) -> Option<Interpretation> {
    if let Some(provider) = synthetic::provider(envelope) {
        return Some(synthetic::interpret(provider));
    }
    Some((of(provider(envelope)?).interpret)(envelope))
}

/// The provider whose event it is, from `source`.
pub fn provider(envelope: &Envelope) -> Option<Provider> {
    let first = envelope.source.strip_prefix('/')?.split('/').next()?;
    Provider::ALL.iter().copied().find(|provider| provider.as_str() == first)
}

/// The certificate that an event is about, and the event's rank in its lifecycle. `None` for what is
/// about no certificate of the operator's: notices of domains and organizations, certificates of
/// others, and events that are not recognised.
pub fn lifecycle(
    profile: &Profile,
    envelope: &Envelope,
    interpretation: &Interpretation,
) -> Option<Lifecycle> {
    let lifecycle = (profile.lifecycle)(envelope, interpretation)?;
    (lifecycle.certificate.len() <= KEY_LIMIT).then_some(lifecycle)
}
