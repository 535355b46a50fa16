//! What the worker promises (design section 6), with the simulator as the providers.
//!
//! - [`trouble`]: what passes is tried again, and when
//! - [`results`]: what does not pass is delivered with its reason
//! - [`chains`]: spoilt chains, large ones, private keys
//! - [`keys`]: a refused API key holds events back
//! - [`meta`]: searches, pages, subscribed domains, Graph's error codes
//! - [`budgets`]: limits are held, and records run side by side
//! - [`promises`]: once, archived, traced, nothing asked that need not be
//! - [`targets`]: nothing in an event chooses an address

mod budgets;
mod chains;
mod keys;
mod meta;
mod promises;
mod results;
mod targets;
mod trouble;
