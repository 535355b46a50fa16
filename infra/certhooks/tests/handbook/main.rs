//! Tests of the README and the handbook (`infra/docs`): what they show, name and link is as they say.
//!
//! - [`pages`]: the pages, and what is in them; the size of the README, and where each page is linked
//! - [`links`]: relative links, anchors, and the paths of files that are named
//! - [`generated`]: the tables that `make docs` writes: [`settings`] (of [`variables`]),
//!   [`parameters`], [`figures`]
//! - [`consoles`]: runs the console blocks; [`session`]: their commands and servers
//! - [`sample`]: the event that the README shows
//! - [`help`]: the help text of every command as a snapshot
//!
//! `make docs` writes tables and snapshots anew.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
// The help texts and the examples are those of a command with both features.
#![cfg(all(feature = "aws", feature = "simulator"))]

mod consoles;
mod figures;
mod generated;
mod help;
mod links;
mod pages;
mod parameters;
mod sample;
mod session;
mod settings;
mod variables;
