//! The management of a Meta app's subscription and of its domains ("Subscriptions"; "Certificate
//! Transparency API", `/{app-id}/subscribed_domains`). Pure: requests out, answers in. The product
//! is retired, so any call may end in [`Refusal::Retired`].
//!
//! - [`request`]: every call with its path and body
//! - [`answer`]: the answers, parsed leniently
//! - [`refusal`]: each error as a sentence that says what to do

mod answer;
mod refusal;
mod request;

pub use answer::{Subscription, classify_domains, classify_done, classify_subscriptions};
pub use refusal::Refusal;
pub use request::{
    Alerts, FIELDS, domains, is_app, is_domain, subscribe, subscribe_domains, subscriptions,
};
