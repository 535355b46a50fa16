//! The adapters against an emulator, and against servers that do what an emulator does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod age;
mod archive;
mod dead_letters;
mod deliveries;
mod events;
mod failed_entries;
mod history;
mod ledger;
mod patience;
mod rotation;
mod secrets;
mod stage;
mod trust;
