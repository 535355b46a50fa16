//! The ports on SQLite and files, for one machine: one folder that one process owns, nothing to
//! install.
//!
//! - [`state`], [`lock`]: opening the folder as its owner, with recovery, or beside its owner
//! - [`reader`]: read-only access for commands, while `certhooks local` runs
//! - [`events`], [`queue`], [`fair_queue`]: the events queue: its methods, its tables, which
//!   message is next
//! - [`waiting`]: what waits on it, for an operator
//! - [`receipt`], [`rank`]: a received message; the rank of a message on the queue
//! - [`dead_letters`]: messages that were received too often
//! - [`consumer`], [`consumers`]: the position of a consumer in the deliveries; all consumers, and what they
//!   did not take
//! - [`deliveries`], [`ledger`], [`archive`], [`secrets`]: the other ports; [`claims`]: the ids that are being
//!   worked on
//! - [`archive_files`]: the archive of version 0.1.0, which moves into the database
//! - [`history`], [`items`]: states, histories and aliases of certificates in the ledger; and what is to be
//!   compared
//! - [`secret_members`], [`secrets_file`], [`signing_secret`]: the members of `secrets.json`, and the file
//! - [`running`]: where the owner of the folder listens
//! - [`rotation`]: rotation of a webhook secret, stage by stage
//! - [`simulation`]: whether the folder's providers are simulated
//! - [`database`], [`writer`], [`transaction`]: the thread that owns the connection and commits for
//!   many callers
//! - [`schema`], [`expiry`], [`scrub`]: the tables, the deletion of expired rows, and of their traces
//! - [`compression`]: how bodies and archived objects are stored
//! - [`backup`], [`erasure`]: copies of a folder or a database; deletion of all that is stored of an event
//! - [`clock`], [`files`], [`errors`]: times as SQLite stores them; private files; error messages
//!   with a remedy

mod archive;
mod archive_files;
mod backup;
mod claims;
mod clock;
mod compression;
mod consumer;
mod consumers;
mod database;
mod dead_letters;
mod deliveries;
mod erasure;
mod errors;
mod events;
mod expiry;
mod fair_queue;
mod files;
mod history;
mod items;
mod ledger;
mod lock;
mod queue;
mod rank;
mod reader;
mod receipt;
mod rotation;
mod running;
mod schema;
mod scrub;
mod secret_members;
mod secrets;
mod secrets_file;
mod signing_secret;
mod simulation;
mod state;
mod transaction;
mod waiting;
mod writer;

pub use archive::LocalArchive;
pub use backup::back_up;
pub use consumer::{Begin, Consumer, Due, NotTaken, consumer_name};
pub use consumers::{ConsumerStatus, Untaken, UntakenFilter};
pub use dead_letters::LocalDeadLetters;
pub use deliveries::LocalDeliveries;
pub use erasure::{Erased, Erasure};
pub use errors::shortages;
pub use events::LocalEvents;
pub use expiry::Retention;
pub use files::{check_writable, check_writers};
pub use ledger::LocalLedger;
pub use lock::is_owned;
pub use queue::{Counts, Oldest};
pub use reader::{DeadLetter, Delivered, Reader};
pub use receipt::{Receipt, Received};
pub use rotation::{Rotation, Stages};
pub use running::Running;
pub use schema::FILE as DATABASE_FILE;
pub use secrets::{LocalSecret, LocalSecrets};
pub use secrets_file::{check_secrets, random_secret};
pub use signing_secret::SigningSecret;
pub use simulation::is_simulated;
pub use state::{Options, State};
pub use waiting::{Backlog, TriedAgain, WaitingMessage, WaitingState};

#[cfg(test)]
mod disk_full_tests;
#[cfg(test)]
#[path = "../tests/it/test_folder.rs"]
mod test_folder;
