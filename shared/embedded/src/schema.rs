use std::path::Path;
use std::time::{Duration, Instant};

use ports::PortError;
use rusqlite::{Connection, OpenFlags};

use crate::errors::{io_error, sqlite_error};
use crate::files;

pub(crate) const FILE: &str = "certhooks.db";

/// One script for each version; `PRAGMA user_version` counts those that ran. Scripts are only
/// added, never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
];

/// Interval between two attempts to take the write lock. A process that joined pauses longer
/// between its transactions, see writer.rs.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(2);
/// Maximum wait for a lock: a webhook endpoint answers within 7 s, with 503 if need be.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a process that joined, which can wait while the owner is busy.
const LOCK_TIMEOUT_JOINED: Duration = Duration::from_secs(30);

/// Opens the file for the process that owns the folder, creates it if it is missing, and migrates its
/// schema.
pub(crate) fn open(path: &Path) -> Result<Connection, PortError> {
    // SQLite creates its -wal and -shm files with the mode of the database file.
    files::private_file()
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| io_error("cannot open", path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| prepare(connection, LOCK_TIMEOUT))
        .and_then(migrate)
        .map_err(|error| sqlite_error(path, &error))?;
    check_version(path, &connection)?;
    Ok(connection)
}

/// Opens the file for a process that writes beside its owner.
pub(crate) fn open_joined(path: &Path) -> Result<Connection, PortError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| sqlite_error(path, &error))
        // Checked before any pragma is set, so that a file of another version stays unchanged.
        .and_then(|connection| check_version(path, &connection).map(|()| connection))?;
    prepare(connection, LOCK_TIMEOUT_JOINED).map_err(|error| sqlite_error(path, &error))
}

/// Opens the file for reading while another process writes.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, PortError> {
    check_exists(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| configure(connection, LOCK_TIMEOUT))
        .map_err(|error| sqlite_error(path, &error))?;
    check_version(path, &connection)?;
    Ok(connection)
}

pub(crate) fn check_exists(path: &Path) -> Result<(), PortError> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path).display();
    Err(PortError(format!(
        "{folder} holds no state: start `certhooks local --state {folder}` first"
    )))
}

fn prepare(connection: Connection, timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = configure(connection, timeout)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: a commit is on the disk before it is answered, also after a power cut.
    connection.pragma_update(None, "synchronous", "full")?;
    // ON: deleted content is overwritten with zeros, because challenge tokens must not stay in the
    // file.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(connection)
}

fn configure(mut connection: Connection, timeout: Duration) -> rusqlite::Result<Connection> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_handler(Some(retry_for(timeout)))?;
    // In memory, so that no secret reaches a folder outside of the state folder.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Negative means KiB. The limit keeps memory constant however large the file grows.
    connection.pragma_update(None, "cache_size", -8192)?;
    Ok(connection)
}

/// A busy handler, which returns whether to try once more. SQLite's own one sleeps longer and
/// longer, up to 100 ms, and so misses the pauses of another writer.
fn retry_for(timeout: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut began = Instant::now();
    move |attempts| {
        if attempts == 0 {
            began = Instant::now();
        }
        let is_in_time = began.elapsed() < timeout;
        if is_in_time {
            std::thread::sleep(LOCK_RETRY_INTERVAL);
        }
        is_in_time
    }
}

fn migrate(mut connection: Connection) -> rusqlite::Result<Connection> {
    let applied = version(&connection)?;
    for (index, script) in MIGRATIONS.iter().enumerate().skip(applied) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

fn check_version(path: &Path, connection: &Connection) -> Result<(), PortError> {
    let known = MIGRATIONS.len();
    let found = version(connection).map_err(|error| sqlite_error(path, &error))?;
    let file = path.display();
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(PortError(format!(
            "{file} has schema version {found}, this certhooks supports {known}: run a newer certhooks"
        ))),
        std::cmp::Ordering::Less => Err(PortError(format!(
            "{file} has schema version {found}, older than {known}: start `certhooks local` once"
        ))),
    }
}
