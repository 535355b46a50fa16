//! The distributed form: compiled doors and worker, between them and everything else a proxy.
//!
//! - [`stage`]: emulator, simulated providers, queues, and the functions' variables
//! - [`proxy`]: sees every request, and passes it on, fails it or has its sender killed
//! - [`passage`]: one request, and what its sender hears of it
//! - [`wire`]: what a request means on the way of an event
//! - [`ill`]: what can be done to a request
//! - [`journal`]: what went through for each event: the judge of repeats
//! - [`victim`]: a function that is killed and started again
//! - [`doors`]: the way in; [`mapping`]: the event source mapping between queue and worker
//! - [`crash`], [`faults`], [`load`], [`leaks`]: the scenarios
//! - [`outcome`]: what came of every event, and secrets in what is left

mod crash;
mod doors;
mod faults;
mod ill;
mod journal;
mod leaks;
mod load;
mod mapping;
mod outcome;
mod passage;
mod proxy;
mod stage;
mod victim;
mod wire;

pub use crash::crash;
pub use faults::faults;
pub use leaks::leaks;
pub use load::load;
pub use stage::Functions;
