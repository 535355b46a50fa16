//! All that is known of each provider, one folder each. Pure: bytes in, bytes out; no clock, no
//! network, no environment.
//!
//! - [`digicert`], [`cloudflare`], [`meta`]: how a delivery is verified (`door`), what its events
//!   mean (`reading`), how to ask the provider back and what its answers mean (`api`)
//! - [`door`]: the shape of a door: what `intake` asks of a provider
//! - [`reading`]: the shape of an event understood: what `processing` asks of a provider
//! - [`life`]: which certificate's life an event tells of, and where in it
//! - [`api`]: the shape of a call-back and of what came of it
//! - [`canary`]: our own synthetic event
//! - [`json`]: members in order, canonical form, derived ids
//! - `draft`: what a door knows of an event, made an envelope
//! - `naming`: event names and subjects that are safe to carry
//! - `secret`: stored secrets, header values, constant-time comparison

pub mod api;
pub mod canary;
pub mod cloudflare;
pub mod digicert;
pub mod door;
mod draft;
pub mod json;
pub mod life;
pub mod meta;
mod naming;
pub mod reading;
mod secret;
