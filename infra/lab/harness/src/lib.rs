//! For tests: what surrounds a function on AWS, on this machine.
//!
//! - [`emulator`]: ministack as SQS, Secrets Manager, DynamoDB and S3
//! - [`runtime`]: one compiled function, driven event by event
//! - [`runtime_api`]: the Lambda Runtime API that it asks for them
//! - [`samples`]: the events of `events/lambda`, and a webhook function that is handed all of them
//! - [`history`]: what each ledger promises of a certificate's history
//! - [`endpoints`]: stand-ins of the AWS services on TLS, as fast as can be, for measuring
//! - [`process`]: a child that ends with its test, and where the compiled programs are
//! - [`random`]: a generator that a seed repeats
//! - [`secret_scanner`]: the search for secrets in what a program writes
//! - [`tls`]: a private authority, and listeners under it

mod emulator;
mod endpoints;
pub mod history;
mod process;
mod random;
mod runtime;
mod runtime_api;
mod samples;
mod secret_scanner;
mod tls;

pub use emulator::Emulator;
pub use endpoints::{Endpoints, Message, QUEUE};
pub use process::program;
pub use random::{Random, seed};
pub use runtime::{Function, lambda_variables, refused_start};
pub use runtime_api::{Answer, Timed};
pub use samples::{Behind, check_samples, expected, sample};
pub use secret_scanner::SecretScanner;
