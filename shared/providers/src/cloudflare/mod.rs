//! Cloudflare SSL for SaaS custom hostnames.

pub mod alerting;
pub mod api;
mod document;
mod enrich;
mod hostname;
mod interpretation;
mod receiver;

pub use interpretation::interpret;
pub use receiver::CloudflareReceiver;
