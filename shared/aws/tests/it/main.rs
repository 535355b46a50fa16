//! The adapters with an emulator, and with test servers for what an emulator does not do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod archive;
mod dead_letters;
mod deliveries;
mod events;
mod failed_entries;
mod history;
mod ledger;
mod record_retries;
mod rotation;
mod secrets;
mod stage;
mod topic;
mod trust;
