//! Tests of the command `certhooks` from outside: the compiled binary, real sockets, a real state
//! folder, and the simulator as the providers.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod backup;
mod canned;
mod certspotter;
mod cloudflare;
mod commands;
mod correlation;
mod dead_letters;
mod digicert;
mod doctor;
mod documents;
mod events;
mod folder;
mod forget;
mod forward;
mod harness;
mod inventory;
mod leaks;
mod logs;
mod providers;
mod queue;
mod replay;
mod restart;
mod scene;
mod simulation;
mod status;
mod webhook_endpoint;
mod wire;
mod worker;
mod x509;
