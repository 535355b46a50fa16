//! What a Meta app hears of (Graph API, "Subscriptions"; Certificate Transparency API,
//! `/{app-id}/subscribed_domains`). Pure: requests out, answers in. The product is retired, and every
//! call may be answered with [`Refusal::Retired`].
//!
//! - [`request`]: every call with its path and body
//! - [`answer`]: what comes back
//! - [`refusal`]: each error as a sentence that says what to do

mod answer;
mod refusal;
mod request;

pub use answer::{Subscription, classify_domains, classify_done, classify_subscriptions};
pub use refusal::Refusal;
pub use request::{
    Alerts, FIELDS, domains, is_app, is_domain, subscribe, subscribe_domains, subscriptions,
};
