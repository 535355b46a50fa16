use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use ports::{PortError, PortResult};
use time::OffsetDateTime;

use crate::archive::LocalArchive;
use crate::database::Database;
use crate::dead_letters::LocalDeadLetters;
use crate::deliveries::LocalDeliveries;
use crate::events::LocalEvents;
use crate::expiry;
use crate::faults::fault;
use crate::files::create_folder;
use crate::ledger::{self, LocalLedger};
use crate::lock::Lock;
use crate::queue;
use crate::reader::Reader;
use crate::schema;
use crate::secrets::LocalSecrets;
use crate::writer::{Role, Transaction, Writer};

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a received message stays invisible to others.
    pub visibility: Duration,
    /// A message received so often becomes a dead letter at the next receive.
    pub max_receives: u32,
    /// Between two looks for what is past its time.
    pub sweep_pause: Duration,
    pub clock: fn() -> OffsetDateTime,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(180),
            max_receives: 5,
            sweep_pause: Duration::from_secs(30),
            clock: OffsetDateTime::now_utc,
        }
    }
}

/// A state folder, open while this, or a queue, ledger or reader made from it, exists.
#[derive(Clone)]
pub struct State {
    folder: PathBuf,
    database: Database,
    events: LocalEvents,
    archive: LocalArchive,
}

impl State {
    /// Opens a state folder, or makes it. What an ended process had in flight is visible again at once,
    /// but for what was in flight at many such ends, and its leases are over: the lock proves that it
    /// has ended. Blocks for a moment.
    ///
    /// # Errors
    /// Another process uses the folder, or something in it cannot be read or written.
    pub fn open(folder: &Path, options: Options) -> PortResult<Self> {
        let folder = absolute(folder).map_err(|error| fault("cannot find", folder, &error))?;
        create_folder(&folder)?;
        let held =
            "another `certhooks local` uses this folder; stop it, or choose another state folder";
        let lock = Lock::take(&folder, "lock", held)?;
        LocalSecrets::complete(&folder)?;
        let archive = LocalArchive::open(folder.join("archive"))?;
        let writer = recovered(&folder.join(schema::FILE), options, lock)?;
        Self::started(folder, writer, archive, options)
    }

    /// Opens a state folder to write to it while `certhooks local` may run there; without one, what is
    /// sent waits for the next. Puts nothing right and deletes nothing that is past its time.
    /// Not for receiving or claiming: an owner that starts takes the receipts and leases of all
    /// others for those of an ended process. Blocks for a moment.
    ///
    /// # Errors
    /// There is no state in it, it is of another version, or it cannot be read or written.
    pub fn join(folder: &Path, options: Options) -> PortResult<Self> {
        let folder = absolute(folder).map_err(|error| fault("cannot find", folder, &error))?;
        let file = folder.join(schema::FILE);
        let connection = schema::open_joined(&file)?;
        let writer = Writer::new(connection, &file, options.clock, Role::Joined);
        let archive = LocalArchive::join(folder.join("archive"))?;
        Self::started(folder, writer, archive, options)
    }

    fn started(
        folder: PathBuf,
        writer: Writer,
        archive: LocalArchive,
        options: Options,
    ) -> PortResult<Self> {
        let database = Database::start(writer)?;
        let events = LocalEvents::new(
            database.clone(),
            options.clock,
            options.visibility,
            options.max_receives,
        );
        Ok(Self { folder, database, events, archive })
    }

    pub fn events(&self) -> LocalEvents {
        self.events.clone()
    }

    pub fn deliveries(&self) -> LocalDeliveries {
        LocalDeliveries::new(self.database.clone())
    }

    pub fn dead_letters(&self) -> LocalDeadLetters {
        LocalDeadLetters::new(self.database.clone())
    }

    pub fn ledger(&self) -> LocalLedger {
        LocalLedger::new(self.database.clone())
    }

    pub fn archive(&self) -> LocalArchive {
        self.archive.clone()
    }

    /// The secrets of the folder; see [`LocalSecrets::new`].
    pub fn secrets(&self, variable: impl Fn(&str) -> Option<String>) -> LocalSecrets {
        LocalSecrets::new(&self.folder, variable)
    }

    pub fn reader(&self) -> Reader {
        Reader::new(self.database.clone())
    }

    #[cfg(test)]
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

fn recovered(file: &Path, options: Options, lock: Lock) -> PortResult<Writer> {
    let connection = schema::open(file)?;
    let role = Role::Owner { pause: options.sweep_pause, _lock: lock };
    let writer = Writer::new(connection, file, options.clock, role);
    writer.transact(recover).map_err(PortError)?;
    writer.truncate();
    Ok(writer)
}

fn recover(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    queue::recover(transaction)?;
    ledger::recover(transaction)?;
    expiry::step(transaction)?;
    // The process may have ended between a deletion and the end of its traces.
    transaction.scrub();
    Ok(())
}
