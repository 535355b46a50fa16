//! Cloudflare SSL for SaaS custom hostnames.

pub mod alerting;
pub mod api;
mod document;
mod door;
mod hostname;
mod reading;

pub use door::CloudflareDoor;
pub use reading::read;
