//! The ports on AWS, each behind a feature of its own.
//!
//! - [`session`]: region, credentials and the one HTTP client that all share
//! - [`operator`]: the same for a person's commands, profile files included
//! - [`endpoints`]: which service is where
//! - [`transport`]: how requests travel, through a proxy or not
//! - [`trust`]: whose certificates the HTTP client believes
//! - [`sqs`]: the events queue and the deliveries queue
//! - [`secrets`]: webhook secrets and API keys on Secrets Manager
//! - [`rotation`]: from one value of a secret to the next
//! - [`stack`]: what a deployed stack tells of itself
//! - [`ledger`], [`history`], [`known`], [`record`]: claims, the waiting challenge and certificates on
//!   DynamoDB; which ids are recorded; recording one
//! - [`archive`]: objects on S3
//! - [`age`]: how long the oldest message of a queue waits, by CloudWatch
//! - [`json_call`]: a service that has no client here
//! - [`fault`]: what went wrong, with the variable that names the resource

#[cfg(feature = "cloudwatch")]
mod age;
#[cfg(feature = "s3")]
mod archive;
mod endpoints;
mod fault;
#[cfg(feature = "dynamodb")]
mod history;
#[cfg(feature = "cloudwatch")]
mod json_call;
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
#[cfg(feature = "sqs")]
mod sqs;
#[cfg(feature = "stack")]
mod stack;
mod transport;
mod trust;

#[cfg(feature = "cloudwatch")]
pub use age::QueueAge;
#[cfg(feature = "s3")]
pub use archive::S3Archive;
#[cfg(feature = "dynamodb")]
pub use ledger::{DynamoLedger, WaitingToken};
#[cfg(feature = "secrets")]
pub use secrets::StoredSecret;
pub use session::Session;
#[cfg(feature = "sqs")]
pub use sqs::{Depth, SqsDeadLetter, SqsDeadLetters, SqsDeliveries, SqsEvents};
#[cfg(feature = "stack")]
pub use stack::StackOutputs;
