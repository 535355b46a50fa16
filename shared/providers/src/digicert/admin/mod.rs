//! The management of a CertCentral webhook through the Services API. Pure: requests out, answers
//! in.
//!
//! - [`request`]: every call with its path and body
//! - [`parameters`]: what `create` and `update` set
//! - [`events`]: which known event name a misspelt one may mean
//! - [`answer`]: the answers, parsed leniently
//! - [`logs`]: the log of the events that CertCentral sent
//! - [`refusal`]: CertCentral's codes, each with a sentence that says what to do

mod answer;
mod events;
mod logs;
mod parameters;
mod refusal;
mod request;

pub use answer::{Status, Webhook, classify_created, classify_done, classify_list};
pub use events::{is_known, nearest};
pub(super) use logs::list as listed;
pub use logs::{SentEvent, SentEventPage, classify_sent_events};
pub use parameters::{
    FREQUENCIES, Parameters, SecretChange, Settings, Spelling, frequency, is_event_name,
};
pub use refusal::{
    ENDPOINT_ERROR, INVALID_ACTION, INVALID_TOKEN, NO_SUCH_ROUTE, NO_SUCH_WEBHOOK,
    NO_WEBHOOK_IN_ACCOUNT, no_webhook, not_verified,
};
pub(super) use refusal::{refusal, unreadable};
pub use request::{
    activate, check_challenge, create, deactivate, delete, event_logs, list, send_challenge,
    test_endpoint, update,
};
