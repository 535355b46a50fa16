//! The functions measured beside peers that do the same work: `make bench`.
//!
//! - [`side`]: the programs that are compared
//! - [`stage`]: what surrounds them: endpoints, whom to trust, processor
//! - [`subject`]: one started program; [`process`], [`quota`]: what the kernel tells and limits
//! - [`event`]: the webhooks, and what must become of each
//! - [`cold`], [`warm`]: what is measured
//! - [`figures`], [`stats`]: what came of it
//! - [`markdown`]: that as tables

mod event;
mod subject;

pub mod cold;
pub mod figures;
pub mod markdown;
pub mod process;
pub mod quota;
pub mod side;
pub mod stage;
pub mod stats;
pub mod warm;
