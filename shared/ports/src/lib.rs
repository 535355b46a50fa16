//! What the code between the ports needs of its surroundings. `embedded` implements these on
//! SQLite and files, `aws` on SQS, DynamoDB, S3 and Secrets Manager.
//!
//! - [`queue`]: the events queue (internal) and the deliveries queue (the plug)
//! - [`ledger`]: which event was claimed and delivered, and the challenge that waits
//! - [`history`]: the state of a certificate, and what came of it when
//! - [`alias`]: by what a certificate's history is found
//! - [`archive`]: the envelope as it came, and reading it again
//! - [`secrets`]: webhook secrets with their rotation stages, and API keys

pub mod alias;
mod archive;
mod history;
mod ledger;
mod queue;
mod secrets;

pub use archive::{Archive, ArchiveReader, LARGEST_OBJECT};
pub use history::{CertificateState, DeliveryRecord, Entry, History, HistoryRecord, Ordering};
pub use ledger::{Claim, Ledger};
pub use queue::{Deliveries, Delivery, EventsQueue, Outgoing};
pub use secrets::{SecretSource, SecretVersions};

/// A port did not do it. The text names the resource and what to do, never a value from it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PortError(pub String);

pub type PortResult<T> = Result<T, PortError>;
