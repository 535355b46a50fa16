//! The simulator over real sockets, as its clients use it.
#![allow(clippy::unwrap_used, reason = "tests; clippy exempts only the functions marked as such")]

mod account;
mod certcentral;
mod cloudflare;
mod control;
mod faults;
mod graph;
mod notifications;
mod receiver;
mod support;
mod webhook;
mod webhook_events;
