//! Simulated CertCentral, Cloudflare and Graph API, for local runs and tests. It listens on
//! loopback only, issues real X.509 chains for any id, sends events to the endpoints that are
//! subscribed, and fails on demand.
//!
//! - [`server`]: a [`Simulator`] from start to stop, and its base addresses
//! - [`settings`]: expected API keys, subscribed domains, the retired switch, delay
//! - [`world`]: what the handlers share
//! - [`gate`]: the way of every provider request: recorded, delayed, failed, key checked
//! - [`connection`]: a socket that a fault can drop
//! - [`fault`], [`faults`]: what can go wrong, and the list of what shall
//! - [`requests`]: what was asked, without secrets
//! - [`provider`]: which provider a path belongs to
//! - [`digicert`], [`cloudflare`], [`meta`]: routes and answers, one module each
//! - [`courier`]: what the providers send, to https or loopback only
//! - [`clock`], [`random`]: their time, which tests move; ids and tokens
//! - [`authority`]: root, intermediates, leaves
//! - [`pem`]: chains as text, whole and spoilt
//! - [`control`]: `/_simulator/...`, the operator's side
//! - [`answers`], [`fifo`]: JSON answers; a map of bounded size

mod answers;
mod authority;
mod clock;
mod cloudflare;
mod connection;
mod control;
mod courier;
mod digicert;
mod fault;
mod faults;
mod fifo;
mod gate;
mod meta;
mod pem;
mod provider;
mod random;
mod requests;
mod server;
mod settings;
mod world;

pub use cloudflare::{CloudflareEvent, CloudflareSent};
pub use digicert::{DigicertEvent, DigicertSent, Outcome, Withheld};
pub use fault::{Fault, Rule};
pub use faults::Faults;
pub use requests::{Requests, Seen};
pub use server::Simulator;
pub use settings::Settings;
