//! The worker's processing of an event. An envelope comes in, the provider's API is called, its
//! answer is checked, and a complete certificate event goes out.
//!
//! The request to the provider's API is a *call-back* throughout: the provider called us with an
//! event, and we call it back to learn the rest.
//!
//! - [`process`]: the flow of one message, one step a line
//! - [`worker`]: the worker, its ports, and the event in progress
//! - [`apis`]: makes the call-back that the interpretation of an event asks for
//! - [`search`]: Meta: searches certificates by domain and by id
//! - [`pages`]: Meta: lists that come page by page
//! - [`observe`]: Meta: publishes one event for each new certificate
//! - [`challenge`]: stores CertCentral's challenge token for the operator, or uses it at once
//! - [`enrichment`]: what a call-back added to an event, or when it is retried
//! - [`decide`]: whether an answer leads to delivery or to a retry, and when
//! - [`compose`]: builds the certificate event from interpretation and enrichment
//! - [`synthetic`]: ends a synthetic event, and tells the age of the last one
//! - [`deliver`]: advances the certificate's state, publishes the event, and records it
//! - [`history`]: the entry of an event in the history of its certificate
//! - [`archive`]: archives the envelope before the call-back
//! - [`offload`]: moves what is too large for the queue to the archive (claim check)
//! - [`provider_api`]: makes one call to one provider, and resolves or retries it
//! - [`client`], [`budget`], [`key`]: a provider's API: address, rate limits, credentials
//! - [`breaker`], [`health`]: the circuit breaker of a provider that is down
//! - [`requeue`]: sends an event to the events queue again
//! - [`clock`]: the system's time, or a test's
//! - [`settings`]: the operator's settings
//! - [`telemetry`]: one log line and one metric for each decision

mod apis;
mod archive;
mod breaker;
mod budget;
mod challenge;
mod client;
mod clock;
mod compose;
mod decide;
mod deliver;
mod enrichment;
mod health;
mod history;
mod key;
mod observe;
mod offload;
mod pages;
mod process;
mod provider_api;
mod requeue;
mod search;
mod settings;
mod synthetic;
mod telemetry;
mod worker;

pub use budget::Budget;
pub use client::{CallError, Endpoint};
pub use clock::Clock;
pub use key::Keys;
pub use settings::{Api, MetaDomains, Settings, api_base};
pub use synthetic::canary_age;
pub use worker::{Disposition, Ports, QueueMessage, Worker};
