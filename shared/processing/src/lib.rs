//! The worker: an envelope comes in, the provider is called back, what came is checked, and a
//! complete certificate event goes out.
//!
//! - [`process`]: the way of a record, one step a line
//! - [`enrichment`]: a question in the course of an event, and its three ends: found, final, later
//! - [`apis`]: asks the provider what the reading of an event calls for
//! - [`search`]: Meta: pages of certificates by domain, and by id
//! - [`observe`]: Meta: one event for each certificate that is new
//! - [`challenge`]: CertCentral's token, kept for the operator or used at once
//! - [`decide`]: what an answer leads to: deliver, or try again and when
//! - [`compose`]: reading and answer to certificate event
//! - [`synthetic`]: the synthetic event at the end of its way, and how long ago that was
//! - [`deliver`]: the state of the certificate moved on, the event published and recorded
//! - [`history`]: the line of an event in the history of its certificate
//! - [`archive`]: the envelope as it came, before the call-back
//! - [`offload`]: moves to the archive what is too large for the queue
//! - [`provider_api`]: one question to one provider, to its end or to a later attempt
//! - [`client`], [`budget`], [`key`]: one provider's API: address, limits, credential
//! - [`breaker`], [`health`]: holds a provider's events while it is down, and probes it
//! - [`requeue`]: onto the events queue again
//! - [`clock`]: the machine's time, or a test's
//! - [`settings`]: what an operator may set
//! - [`telemetry`]: one log line and one count for each decision

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
mod process;
mod provider_api;
mod requeue;
mod search;
mod settings;
mod synthetic;
mod telemetry;

pub use budget::Budget;
pub use client::{CallError, Endpoint};
pub use clock::Clock;
pub use process::{Disposition, Keys, Ports, QueueMessage, Worker};
pub use settings::{Api, MetaDomains, Settings, api_base};
pub use synthetic::canary_age;
