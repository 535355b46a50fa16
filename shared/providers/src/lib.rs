//! All that is known of each provider, one folder each. Pure: bytes in, bytes out; no clock, no
//! network, no environment.
//!
//! - [`digicert`], [`cloudflare`], [`meta`]: how a delivery is verified (`door`), what its events
//!   mean (`reading`), how to ask the provider back and what its answers mean (`api`)
//! - [`receiver`]: the shape of a door: what `intake` asks of a provider
//! - [`interpretation`]: the shape of an event understood: what `processing` asks of a provider
//! - [`lifecycle`]: which certificate's life an event tells of, and where in it
//! - [`api`]: the shape of a call-back and of what came of it
//! - [`synthetic`]: our own synthetic event
//! - [`json`]: members in order, canonical form, derived ids
//! - `envelope_builder`: what a door knows of an event, made an envelope
//! - `naming`: event names and subjects that are safe to carry
//! - `secret`: stored secrets, header values, constant-time comparison

pub mod api;
pub mod cloudflare;
pub mod digicert;
pub mod enrich;
mod envelope_builder;
pub mod interpretation;
pub mod json;
pub mod lifecycle;
pub mod meta;
mod naming;
pub mod receiver;
mod secret;
pub mod synthetic;
