//! For tests: what surrounds a function on AWS, on this machine.
//!
//! - [`emulator`]: ministack as SQS, Secrets Manager, DynamoDB and S3
//! - [`runtime`]: a Lambda Runtime API that drives one compiled function
//! - [`samples`]: the events of `events/lambda`, and a webhook function that is handed all of them
//! - [`process`]: a child that ends with its test

mod emulator;
mod process;
mod runtime;
mod samples;

pub use emulator::Emulator;
pub use runtime::{Answer, Function, refused_start};
pub use samples::{Behind, check_samples, expected, sample};
