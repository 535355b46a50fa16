//! Cloudflare SSL for SaaS custom hostnames.

pub mod alerting;
pub mod api;
mod document;
mod hostname;
mod interpretation;
mod lifecycle;
mod profile;
mod receiver;

pub use interpretation::interpret;
pub use lifecycle::lifecycle;
pub use profile::{API_BASE, API_TOKEN, CUSTOM_HOSTNAMES_ALERT, WEBHOOK_AUTH, is_id};
pub use receiver::CloudflareReceiver;
