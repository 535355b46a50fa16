//! The ports on AWS, each behind its own feature.
//!
//! - [`session`]: region, credentials, and the HTTP client that all clients share
//! - [`operator`]: the same for an operator's commands, with profile files
//! - [`endpoints`]: the endpoint URLs of the services
//! - [`transport`]: the HTTP client, with or without a proxy
//! - [`trust`]: the root certificates that the HTTP client trusts
//! - [`sqs`]: the events queue and the deliveries queue
//! - [`sns`], [`deliveries`]: a topic that the deliveries queue is subscribed to, and which of the two is set
//! - [`secrets`]: webhook secrets and API keys on Secrets Manager
//! - [`rotation`]: replaces the value of a secret
//! - [`stack`]: the outputs and parameters of a deployed stack
//! - [`ledger`], [`history`], [`items`], [`known`], [`record`], [`item`]: the ledger on DynamoDB: claims and
//!   challenges, certificates, what is to be compared, the lookup of recorded ids, the recording of one, and
//!   their items
//! - [`archive`]: objects on S3
//! - [`kms`]: the policy of a key
//! - [`error`]: builds errors that name the resource by its variable

#[cfg(feature = "s3")]
mod archive;
#[cfg(feature = "sns")]
mod deliveries;
mod endpoints;
mod error;
#[cfg(feature = "dynamodb")]
mod history;
#[cfg(feature = "dynamodb")]
mod item;
#[cfg(feature = "dynamodb")]
mod items;
#[cfg(feature = "kms")]
mod kms;
#[cfg(feature = "dynamodb")]
mod known;
#[cfg(feature = "dynamodb")]
mod ledger;
#[cfg(feature = "operator")]
mod operator;
#[cfg(feature = "dynamodb")]
mod record;
#[cfg(feature = "secrets")]
mod rotation;
#[cfg(feature = "secrets")]
mod secrets;
mod session;
#[cfg(feature = "sns")]
mod sns;
#[cfg(feature = "sqs")]
mod sqs;
#[cfg(feature = "stack")]
mod stack;
mod transport;
mod trust;

#[cfg(feature = "s3")]
pub use archive::S3Archive;
#[cfg(feature = "sns")]
pub use deliveries::{AwsDeliveries, DeliveriesTarget};
#[cfg(feature = "dynamodb")]
pub use history::Scanned;
#[cfg(feature = "kms")]
pub use kms::key_policy;
#[cfg(feature = "dynamodb")]
pub use ledger::DynamoLedger;
#[cfg(feature = "secrets")]
pub use secrets::StoredSecret;
pub use session::Session;
#[cfg(feature = "sns")]
pub use sns::SnsDeliveries;
#[cfg(feature = "sqs")]
pub use sqs::{Depth, SqsDeadLetter, SqsDeadLetters, SqsDeliveries, SqsEvents};
#[cfg(feature = "stack")]
pub use stack::StackOutputs;
