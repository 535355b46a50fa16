//! The management of a CertCentral webhook (CertCentral API, "Webhooks"). Pure: requests out, answers
//! in.
//!
//! - [`request`]: every call with its path and body
//! - [`parameters`]: what `create` and `update` set, checked before anything is sent
//! - [`events`]: the known event names, and which of them a misspelt one may mean
//! - [`answer`]: what comes back, read leniently
//! - [`logs`]: the log of what CertCentral sent
//! - [`refusal`]: each error as a sentence that says what to do

mod answer;
mod events;
mod logs;
mod parameters;
mod refusal;
mod request;

pub use answer::{Status, Webhook, classify_created, classify_done, classify_list};
pub(super) use answer::{success, unsigned};
pub use events::{is_known, nearest};
pub use logs::{LogEntry, LogPage, classify_logs};
pub use parameters::{
    Endpoint, EndpointFault, FREQUENCIES, Key, KeyFault, Parameters, SecretChange, Settings,
    Spelling, frequency, is_event_name,
};
pub use refusal::Refusal;
pub use request::{
    activate, check_challenge, create, deactivate, delete, event_logs, list, send_challenge,
    test_endpoint, update,
};
