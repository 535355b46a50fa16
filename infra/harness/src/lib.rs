//! For tests: what surrounds a function on AWS, on this machine.
//!
//! - [`emulator`]: ministack as SQS, Secrets Manager, DynamoDB and S3
//! - [`runtime`]: a Lambda Runtime API that drives one compiled function
//! - [`process`]: a child that ends with its test

mod emulator;
mod process;
mod runtime;

pub use emulator::Emulator;
pub use runtime::{Answer, Function, refused_start};
