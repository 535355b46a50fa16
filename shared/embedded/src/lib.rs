//! The ports on SQLite and files, for one machine: one folder that one process owns, nothing to install.
//!
//! - [`state`], [`lock`]: the folder: what is in it, what is put right on opening it, whose it is, and
//!   how another process joins
//! - [`reader`]: the same folder for commands that look on while `certhooks local` runs
//! - [`events`], [`queue`], [`fair_queue`]: the events queue: its two ends, its tables, who is next
//! - [`dead_letters`]: what became of messages that were received too often
//! - [`deliveries`], [`ledger`], [`archive`], [`archive_reader`], [`secrets`]: the other ports
//! - [`history`]: what the ledger keeps of certificates: state, history, by what they are found
//! - [`secret_members`], [`secrets_file`]: what `secrets.json` may hold, and the file
//! - [`rotation`]: from one webhook secret to the next, stage by stage
//! - [`database`], [`writer`]: the thread that owns the connection and commits for many callers
//! - [`schema`], [`expiry`]: the tables, and what is deleted from them as time passes
//! - [`clock`], [`files`], [`faults`]: moments as SQLite keeps them; files for this user alone; how
//!   an error names what failed and the remedy

mod archive;
mod archive_reader;
mod clock;
mod database;
mod dead_letters;
mod deliveries;
mod events;
mod expiry;
mod fair_queue;
mod faults;
mod files;
mod history;
mod ledger;
mod lock;
mod queue;
mod reader;
mod rotation;
mod schema;
mod secret_members;
mod secrets;
mod secrets_file;
mod state;
mod writer;

pub use archive::LocalArchive;
pub use dead_letters::LocalDeadLetters;
pub use deliveries::LocalDeliveries;
pub use events::{LocalEvents, Receipt, Received};
pub use ledger::LocalLedger;
pub use queue::{Counts, Oldest};
pub use reader::{DeadLetter, Delivered, Reader, WaitingChallenge};
pub use rotation::{Rotation, Stages};
pub use secrets::{LocalSecret, LocalSecrets};
pub use state::{Options, State};

#[cfg(test)]
#[path = "../tests/it/folder.rs"]
mod folder;
#[cfg(test)]
mod full;
