//! What the product's core needs from its surroundings, as traits. `embedded` implements them on
//! SQLite and files, `aws` on SQS, DynamoDB, S3 and Secrets Manager.
//!
//! - [`queue`]: the events queue (internal) and the deliveries queue (for consumers)
//! - [`ledger`]: which events were claimed and delivered, and the challenge that waits for the operator
//! - [`items`]: what is known of certificates until it can be compared
//! - [`history`]: the state of a certificate, and the events that were delivered about it
//! - [`alias`]: the keys by which a certificate's history is found
//! - [`archive`]: the envelopes as they came, for replays
//! - [`secrets`]: webhook secrets with their rotation stages, and API keys

pub mod alias;
mod archive;
mod clock;
mod history;
mod items;
mod ledger;
mod queue;
mod secrets;

pub use archive::{Archive, ArchiveReader, LARGEST_OBJECT, key_beside, split_key};
pub use clock::{Clock, SystemClock};
pub use history::{
    CertificateState, DeliveredResult, DeliveryRecord, Entry, History, HistoryRecord, Ordering,
    Stages,
};
pub use items::{Item, Items};
pub use ledger::{CHALLENGES, Claim, Ledger, WaitingChallenge};
pub use queue::{Deliveries, Delivery, EventsQueue, Outgoing};
pub use secrets::{SecretIds, SecretSource, SecretVersions};

/// Why an operation of a port failed. The message names the resource and what to do, never a value
/// from the resource.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct PortError(pub String);

pub type PortResult<T> = Result<T, PortError>;
