//! The functions measured beside peers that do the same work: `make bench`. Linux only: it reads /proc
//! and sets control groups.
//!
//! - [`side`]: the programs that are compared
//! - [`stage`]: what surrounds them: endpoints, whom to trust, processor
//! - [`subject`]: one started program; [`process`], [`quota`]: what the kernel tells and limits
//! - [`event`]: the webhooks, and what must become of each
//! - [`cold`], [`warm`], [`size`], [`worker`], [`local`]: what is measured
//! - [`figures`], [`stats`], [`cost`], [`targets`]: what came of it
//! - [`results`]: that as a file; [`markdown`], [`picture`]: as tables and bars

mod event;
mod picture;
mod subject;

pub mod cold;
pub mod cost;
pub mod figures;
pub mod local;
pub mod markdown;
pub mod process;
pub mod quota;
pub mod results;
pub mod side;
pub mod size;
pub mod stage;
pub mod stats;
pub mod targets;
pub mod warm;
pub mod worker;
