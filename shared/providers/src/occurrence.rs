use envelope::Envelope;

/// An event of a provider's own records, as the receiver would have made it of the webhook.
#[derive(Clone)]
pub struct Occurrence {
    /// Marked as reconciled. Its time is the provider's, its time of receipt is now.
    pub envelope: Envelope,
    /// Other ids under which the ledger may know the same event.
    pub other_ids: Vec<String>,
}

impl Occurrence {
    pub(crate) fn new(envelope: Envelope, other_ids: Vec<String>) -> Self {
        Self { envelope: Envelope { reconciled: Some(true), ..envelope }, other_ids }
    }

    /// Every id under which the ledger may know the event.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let others = self.other_ids.iter().map(String::as_str);
        std::iter::once(self.envelope.id.as_str()).chain(others)
    }
}
