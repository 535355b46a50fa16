//! The contract of the deliveries queue, made from the types of the crate `envelope`: `events/schema/` and
//! `infra/docs/contract.md`. `make schema` writes them, `make check` fails where they differ.
//!
//! - [`schema`]: the JSON Schema of both messages, and a strict one for tests
//! - [`asyncapi`]: the AsyncAPI document of the deliveries queue
//! - [`validation`]: whether a message keeps to all that
//! - [`breaking`]: whether a schema takes something from consumers that an earlier one gave them
//! - [`produce`], [`memory`]: real deliveries of the sample events, in this process
//! - [`examples`]: those that are committed
//! - [`page`], [`tables`]: the documentation page
//! - [`doc`]: what a description says
//! - [`json`]: JSON with its members in order, and short
//! - [`files`]: everything that is generated

pub mod asyncapi;
pub mod breaking;
mod doc;
mod examples;
mod files;
mod json;
mod memory;
mod page;
mod produce;
pub mod schema;
mod tables;
mod validation;

pub use examples::Example;
pub use files::{Drift, Files, repository};
pub use produce::{deliveries, produce};
pub use validation::Contract;
