//! The simulated APIs of all providers, for local runs and tests. It listens on
//! loopback only, issues real X.509 chains for any id, sends events to subscribed endpoints, and injects
//! faults on demand.
//!
//! - [`server`]: the [`Simulator`], from start to stop, and its base URLs
//! - [`middleware`]: records, delays and fails the requests to providers, and checks their keys
//! - [`control`]: the control paths, `/_simulator/...`
//! - [`provider`]: one row for each provider, which joins its folder to the rest; its settings and state
//! - [`shared`]: what the providers have in common
//! - a module for each provider: its routes, responses and state
//! - [`fault`], [`faults`]: the kinds of faults, and the rules in force
//! - [`connection`]: connections that a fault can reset
//! - [`requests`]: the recorded requests, without secrets
//! - [`webhook_sender`]: sends the providers' events, to https or loopback only
//! - [`authority`], [`chain`]: the simulated CA, orders of tests, and its chains as text
//! - [`api_key`], [`clock`], [`hostname`], [`random`], [`responses`]: small shared parts

mod api_key;
mod authority;
mod certspotter;
mod chain;
mod clock;
mod cloudflare;
mod connection;
mod control;
mod digicert;
mod fault;
mod faults;
mod hostname;
mod meta;
mod middleware;
mod provider;
mod random;
mod requests;
mod responses;
mod server;
mod shared;
mod webhook_sender;

pub use authority::{Issuer, Order};
pub use cloudflare::{CloudflareEvent, CloudflareSent};
pub use digicert::{DigicertEvent, DigicertSent, Outcome, Withheld, certificate_id};
pub use fault::{Fault, Rule};
pub use faults::Faults;
pub use provider::Settings;
pub use requests::{RecordedRequest, Requests};
pub use server::Simulator;
