//! Counts the instructions from the start of a webhook function to its first acknowledged webhook, as
//! callgrind reports them, and compares them with a committed baseline: `make perf-regression`. Unlike
//! a clock, the counts do not depend on how busy the machine is.
//!
//! - [`baseline`]: the committed counts, and the tools with which they were taken
//! - [`count`]: runs one function under callgrind, between endpoints on TLS
//! - [`comparison`]: compares a count with the baseline

mod baseline;
mod comparison;
mod count;

pub use baseline::{Baseline, Tools};
pub use comparison::{Comparison, compare};
pub use count::InstructionCounter;
