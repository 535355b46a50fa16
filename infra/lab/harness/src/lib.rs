//! For tests: the environment of a Lambda function, on this machine.
//!
//! - [`emulator`]: ministack as SQS, Secrets Manager, DynamoDB and S3
//! - [`folder`]: a temporary folder
//! - [`function`]: runs a compiled function and invokes it
//! - [`runtime_api`]: the Lambda Runtime API from which the function gets its invocations
//! - [`samples`]: the events of `events/lambda`, and a run of a webhook function with all of them
//! - [`ledger`], [`history`]: the contract of the ledger and of a certificate's history, for every implementation
//! - [`aws_stubs`]: minimal, fast stubs of the AWS services on TLS, for measurements
//! - [`masked`](masked()): JSON without what differs in each run, for snapshots
//! - [`process`]: child processes that end with their test, their memory, and the paths of compiled programs
//! - [`secret_scanner`]: searches the output of programs for secrets
//! - [`seed`](seed()): the seed of a random run
//! - [`tls`]: a private certificate authority, and servers with its certificates

mod aws_stubs;
mod emulator;
mod folder;
mod function;
pub mod history;
pub mod ledger;
mod masked;
mod process;
mod runtime_api;
mod samples;
mod secret_scanner;
mod seed;
mod tls;

pub use aws_stubs::{AwsStubs, EVENTS_QUEUE, Message};
pub use emulator::Emulator;
pub use folder::Folder;
pub use function::{Function, failed_start, lambda_variables};
pub use masked::masked;
pub use process::{Memory, Process, memory, program};
pub use runtime_api::{InvocationResult, TimedInvocation};
pub use samples::{SampleRun, check_samples, expected, sample, sample_secret, signed};
pub use secret_scanner::SecretScanner;
pub use seed::seed;
