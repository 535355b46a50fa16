//! The guarantees of the worker (infra/docs/architecture.md, "What the worker promises"), with the
//! simulator as the providers.
//!
//! - [`retries`]: temporary errors are retried, and after which delay
//! - [`results`]: permanent errors are delivered with their reason
//! - [`chains`]: faulty chains, large ones, private keys
//! - [`keys`]: a refused API key holds events back
//! - [`meta`]: searches, pages, subscribed domains, Graph's error codes
//! - [`budgets`]: rate limits, and concurrent processing
//! - [`promises`]: delivery once, archive, trace, no unnecessary calls
//! - [`targets`]: nothing in an event chooses an address

mod budgets;
mod chains;
mod keys;
mod meta;
mod promises;
mod results;
mod retries;
mod targets;
