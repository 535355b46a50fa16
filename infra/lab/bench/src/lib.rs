//! Compares the functions with peers that do the same work: `make bench`. It runs on Linux only, because it
//! reads /proc and sets control groups. `make perf-regression` runs a program of its own.
//!
//! - [`side`]: the programs that are compared
//! - [`stage`]: their surroundings: endpoints, trusted roots, processor
//! - [`subject`]: a started program; [`process`], [`quota`]: its measurements and limits by the kernel
//! - [`event`]: the webhooks, and the check that each was acknowledged and queued
//! - [`cold`], [`warm`], [`size`], [`worker`], [`local`]: what is measured
//! - [`figures`], [`targets`], [`results`]: the results; [`markdown`]: as tables

mod event;
mod subject;

pub mod cold;
pub mod figures;
pub mod local;
pub mod markdown;
pub mod process;
pub mod quota;
pub mod results;
pub mod side;
pub mod size;
pub mod stage;
pub mod targets;
pub mod warm;
pub mod worker;
