//! A model checker over the real worker. It explores every interleaving of workers, queue, ledger and
//! deliveries queue, with lost answers, refusals, crashes and leases that end.
//!
//! - [`calls`]: the ports; each call of the worker waits for its answer
//! - [`machine`]: the real worker as a state machine
//! - [`model_state`]: the state of everything else
//! - [`steps`]: the steps that are possible in a state, and the state after each
//! - [`search`]: visits every state once, and checks what the worker promises in each
//! - [`scenarios`]: which events are processed, and the bounds of the search
//! - [`events`]: the messages of those events, and the API key
//!
//! A crate for this (stateright) would add a web server and a second random number generator to the
//! dependencies, for the fifty lines of [`search`].
#![allow(clippy::panic, clippy::unwrap_used, reason = "like a test, a check fails by panicking")]

mod calls;
mod events;
mod machine;
mod model_state;
mod scenarios;
mod search;
mod steps;

pub use machine::Machine;
pub use scenarios::{
    CONFLICT, COPIES, FAILED, FAILED_AGAIN, FAILED_REPEATS, ISSUED, LIFECYCLE, REPEATS, REVOKED,
    SAME_CERTIFICATES, SCENARIOS, TWO_EVENTS, VALIDATED, machine,
};
pub use search::{Bounds, Search, Statistics, Violation};
pub use steps::{Flaw, Step};
