use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, PortError, PortResult, SystemClock};

use crate::archive::LocalArchive;
use crate::archive_files;
use crate::consumer::{self, Begin, Consumer};
use crate::consumers::{self, UntakenFilter};
use crate::database::Database;
use crate::dead_letters::LocalDeadLetters;
use crate::deliveries::LocalDeliveries;
use crate::erasure::{self, Erased, Erasure};
use crate::errors::{io_error, sqlite_error};
use crate::events::LocalEvents;
use crate::expiry::{Expiry, Retention};
use crate::files::{check_folder, check_links, check_writers, create_folder};
use crate::ledger::LocalLedger;
use crate::lock::{self, Lock};
use crate::queue;
use crate::reader::Reader;
use crate::schema;
use crate::secrets::LocalSecrets;
use crate::simulation;
use crate::transaction::Transaction;
use crate::writer::{Role, Writer};

/// How a state folder is used.
#[derive(Clone)]
pub struct Options {
    /// How long a received message stays invisible to others.
    pub visibility_timeout: Duration,
    /// Maximum number of receives; at the next one the message becomes a dead letter.
    pub max_receives: u32,
    /// Interval between two deletions of expired rows.
    pub expiry_interval: Duration,
    /// How long what was delivered, archived or given up is kept.
    pub retention: Retention,
    /// Whether new webhook secrets are made for a database in use that has lost its own.
    pub new_secrets: bool,
    /// Whether the providers are simulated; a folder is for either from its first start on.
    pub simulated: bool,
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(180),
            max_receives: 5,
            expiry_interval: Duration::from_secs(30),
            retention: Retention::default(),
            new_secrets: false,
            simulated: false,
            clock: Arc::new(SystemClock),
        }
    }
}

/// An open state folder. It stays open until this and every queue, ledger and reader made from it
/// are dropped.
#[derive(Clone)]
pub struct State {
    folder: PathBuf,
    database: Database,
    events: LocalEvents,
}

impl State {
    /// Opens a state folder as its owner, and creates it if it is missing. Messages that an earlier
    /// process had in flight become visible at once, except those that were in flight at many such
    /// ends, and its leases end: the lock proves that the process has ended. Blocks briefly.
    ///
    /// # Errors
    /// Another process uses the folder, it is simulated and a real one is asked for or the other way round, or something in it cannot be read or written.
    pub fn open(folder: &Path, options: Options) -> PortResult<Self> {
        let folder = absolute(folder).map_err(|error| io_error("cannot find", folder, &error))?;
        create_folder(&folder)?;
        check_folder(&folder)?;
        let (file, was_used) = (folder.join(schema::FILE), folder.join(lock::OWNER).exists());
        let conflict =
            "another `certhooks local` uses this folder; stop it, or choose another state folder";
        let lock = Lock::take(&folder, lock::OWNER, conflict)?;
        simulation::check(&folder, options.simulated)?;
        LocalSecrets::generate_missing(&folder, options.new_secrets)?;
        if was_used && !file.exists() {
            tracing::warn!(
                file = %file.display(),
                "the database is missing, and a new one is made: put back a copy if events may be lost with it"
            );
        }
        let writer = open_writer(&file, &options, lock)?;
        archive_files::import(&folder, &writer)?;
        Self::start(folder, writer, options)
    }

    /// Opens a state folder to write to it while `certhooks local` may own it; if none runs, sent
    /// messages wait for the next one. Recovers nothing and deletes no expired rows. Not for
    /// receiving or claiming: an owner that starts takes all receipts for those of an ended process, and
    /// knows the leases of its own process only. Blocks briefly.
    ///
    /// # Errors
    /// The folder has no database, its schema is of another version, or it cannot be read or written.
    pub fn join(folder: &Path, options: Options) -> PortResult<Self> {
        let folder = absolute(folder).map_err(|error| io_error("cannot find", folder, &error))?;
        let file = folder.join(schema::FILE);
        schema::check_exists(&file)?;
        check_writers(&folder)?;
        check_links(&folder)?;
        let connection = schema::open_joined(&file)?;
        let writer = Writer::new(connection, &file, Arc::clone(&options.clock), Role::Joined);
        Self::start(folder, writer, options)
    }

    fn start(folder: PathBuf, writer: Writer, options: Options) -> PortResult<Self> {
        let database = Database::start(writer)?;
        let events = LocalEvents::new(
            database.clone(),
            options.clock,
            options.visibility_timeout,
            options.max_receives,
        );
        Ok(Self { folder, database, events })
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
        LocalArchive::new(self.database.clone())
    }

    /// The secrets of the folder; see [`LocalSecrets::new`].
    pub fn secrets(&self, variable: impl Fn(&str) -> Option<String>) -> LocalSecrets {
        LocalSecrets::new(&self.folder, variable)
    }

    pub fn reader(&self) -> Reader {
        Reader::new(self.database.clone())
    }

    /// Opens a consumer of the deliveries, and makes it known if it is new.
    ///
    /// # Errors
    /// Another process has it open, its name cannot be used, or it cannot be stored.
    pub async fn consumer(&self, name: &str, begin: Begin) -> PortResult<Consumer> {
        Consumer::open(&self.folder, self.database.clone(), name, begin).await
    }

    /// Removes a consumer with its position and what it did not take. `false` if there is none.
    ///
    /// # Errors
    /// A process has it open, or it cannot be removed.
    pub async fn remove_consumer(&self, name: &str) -> PortResult<bool> {
        let _lock = consumer::lock(&self.folder, name)?;
        let name = name.to_owned();
        self.database.call(move |transaction| consumers::remove(transaction, &name)).await
    }

    /// Makes the next attempt to hand over these deliveries due at once. Returns their number.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn retry_untaken(&self, filter: UntakenFilter) -> PortResult<usize> {
        self.database.call(move |transaction| consumers::retry(transaction, &filter)).await
    }

    /// Ends the attempts to hand over these deliveries to their consumers. Returns their number.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn drop_untaken(&self, filter: UntakenFilter) -> PortResult<usize> {
        self.database.call(move |transaction| consumers::drop_untaken(transaction, &filter)).await
    }

    /// Deletes all that is stored of events and certificates. The ledger goes on knowing the ids.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn erase(&self, erasure: Erasure) -> PortResult<Erased> {
        self.database.call(move |transaction| erasure::erase(transaction, &erasure)).await
    }

    #[cfg(test)]
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}

fn open_writer(file: &Path, options: &Options, lock: Lock) -> PortResult<Writer> {
    let connection = schema::open(file)?;
    if options.simulated {
        schema::mark_simulated(&connection).map_err(|error| sqlite_error(file, &error))?;
    }
    let expiry = Arc::new(Expiry::new(options.retention));
    let first = Arc::clone(&expiry);
    let role = Role::Owner {
        expiry_interval: options.expiry_interval,
        expire: Box::new(move |transaction| expiry.step(transaction)),
        _lock: lock,
    };
    let writer = Writer::new(connection, file, Arc::clone(&options.clock), role);
    writer.transact(|transaction| recover(transaction, &first)).map_err(PortError)?;
    writer.empty_log();
    Ok(writer)
}

fn recover(transaction: &Transaction<'_>, expiry: &Expiry) -> rusqlite::Result<()> {
    queue::recover(transaction)?;
    queue::make_due(transaction, None)?;
    queue::limit_delays(transaction)?;
    expiry.step(transaction)?;
    // The earlier process may have ended after a deletion, but before its traces were removed.
    transaction.request_scrub();
    Ok(())
}
