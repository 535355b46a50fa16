//! Instructions from a webhook function's start to its first acknowledged webhook, as callgrind counts
//! them: `make perf-regression`. They say the same on a busy machine, where a clock does not.
//!
//! - [`blessed`]: the figures that were agreed on, and what they were taken with
//! - [`count`]: one function under callgrind, between endpoints on TLS
//! - [`verdict`]: how the one compares with the other

mod blessed;
mod count;
mod verdict;

pub use blessed::{Blessed, Tools};
pub use count::Stage;
pub use verdict::{Verdict, judge};
