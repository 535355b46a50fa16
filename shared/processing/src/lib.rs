//! The worker's processing of an event. An envelope comes in, the provider's API is called, its
//! answer is checked, and a complete certificate event goes out.
//!
//! The request to the provider's API is a *call-back* throughout: the provider called us with an
//! event, and we call it back to learn the rest.
//!
//! - [`process`]: the way of one message: claim, archive, enrich, deliver, record; or requeue
//! - [`types`]: what an event is on its way, and what each step can come to
//! - [`enrich`]: the loop that drives a provider's call-backs, and the check of what came
//! - [`newer`]: an envelope of a version that this worker does not know
//! - [`repeat`]: what an event is whose id was delivered before
//! - [`decide`]: whether an answer that cannot be used is final or tried again, and when
//! - [`correlation`]: compares what the logs show with what was issued
//! - [`compose`]: builds the certificate event from interpretation and enrichment
//! - [`history`]: the entry of an event in the history of its certificate
//! - [`offload`]: moves what is too large for the queue to the archive (claim check)
//! - [`synthetic`]: how the synthetic event of the scheduled check ends
//! - [`challenge`]: stores a provider's challenge token for the operator, or uses it at once
//! - [`api`]: a provider's API, behind its key, breaker and budget
//! - [`client`], [`http`], [`budget`], [`key`]: its address, the HTTP client, rate limits, credentials
//! - [`breaker`]: the circuit breaker of a provider that is down
//! - [`worker`], [`settings`]: the worker, what it needs, and what the operator sets
//! - [`telemetry`]: one log line and one metric for each decision

mod api;
mod breaker;
mod budget;
mod challenge;
mod client;
mod compose;
pub mod correlation;
mod decide;
mod enrich;
mod history;
pub mod http;
mod key;
mod newer;
mod offload;
mod process;
mod repeat;
mod settings;
mod synthetic;
mod telemetry;
mod types;
mod worker;

pub use budget::Budget;
pub use client::{CallError, Endpoint};
pub use key::Keys;
pub use ports::Clock;
pub use settings::{Api, Settings, api_base};
pub use synthetic::canary_age;
pub use types::{Disposition, QueueMessage};
pub use worker::{Ports, Worker};
