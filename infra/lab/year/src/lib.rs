//! A year of a fleet of certificates, in minutes: the library code of Certhooks by a clock that the run sets, between simulated
//! providers and a consumer that compares every delivery with what was planned.
//!
//! - [`plan`]: what happens, and when, from a seed
//! - [`clock`]: the one clock of worker, reconcilers, database and providers
//! - [`testbed`]: Certhooks on one machine, and its providers
//! - [`run`](run()): moves the clock from event to event, and takes what is delivered
//! - [`results`]: what became of what was planned, against the promises

mod clock;
mod plan;
mod results;
mod run;
mod testbed;

pub use plan::Scale;
pub use results::Results;
pub use run::run;
