use envelope::Envelope;

use crate::interpretation::Interpretation;
use crate::profile::{self, Profile};
use crate::{finding, synthetic};

/// The row of the provider whose event it is, by `source`. `None` when it names none of `rows`.
pub fn row<'a>(
    rows: impl IntoIterator<Item = &'a &'static Profile>,
    envelope: &Envelope,
) -> Option<&'static Profile> {
    let source = &envelope.source;
    let own = || source.strip_prefix('/')?.split('/').next();
    let name = synthetic::endpoint(source).or_else(|| finding::provider(source)).or_else(own)?;
    rows.into_iter().find(|row| row.provider.as_str() == name).copied()
}

/// Interprets an event of any provider. It never fails: an event that is not understood is
/// `Unrecognised`, and its document stays whole. `None` when its `source` names no provider.
pub fn interpret(envelope: &Envelope) -> Option<Interpretation> {
    row(&profile::ALL, envelope).map(|row| row.interpretation_of(envelope))
}
