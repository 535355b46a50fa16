use std::fmt;

use time::OffsetDateTime;

/// A received message. It is invisible to other receivers until its visibility timeout ends; a
/// message that is neither acknowledged nor extended becomes visible again then.
pub struct Received {
    pub receipt: Receipt,
    /// The envelope as JSON.
    pub body: String,
    /// How often the message was received, this time included.
    pub receive_count: u32,
    pub sent: OffsetDateTime,
}

/// Identifies one receive of a message. It is void as soon as the message is received again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Receipt {
    pub(crate) id: i64,
    pub(crate) generation: i64,
}

/// The text is unique among all receives of a state folder, so it can be the owner of a ledger claim.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.generation)
    }
}
