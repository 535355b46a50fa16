//! What the commands share about an installation, the place where Certhooks runs: a state folder or
//! a CloudFormation stack. It holds types only, so that `stack` and the commands can use them alike.
//!
//! - [`args`]: the option that names a stack
//! - [`dead_letter`]: a dead letter, and the handle by which it is retried or removed

mod args;
mod dead_letter;

pub(crate) use args::InstallationArgs;
pub(crate) use dead_letter::{DeadLetter, Handle, QueueName, ReceivedDeadLetter};
