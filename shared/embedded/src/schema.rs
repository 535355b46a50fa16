use std::path::Path;
use std::time::{Duration, Instant};

use ports::PortError;
use rusqlite::{Connection, OpenFlags};

use crate::faults::{explain, fault};
use crate::files;

pub(crate) const FILE: &str = "certhooks.db";

/// One script for each version; `PRAGMA user_version` counts those that ran. Only ever add one.
const MIGRATIONS: &[&str] =
    &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Between two tries for the write lock. A process that joined leaves longer gaps, see writer.rs.
const LOCK_PAUSE: Duration = Duration::from_millis(2);
/// The door answers within 7 s, with a refusal if need be.
const PATIENCE: Duration = Duration::from_secs(5);
/// A process that joined can wait while the owner has much to do.
const PATIENCE_JOINED: Duration = Duration::from_secs(30);

/// Opens the file for the process that owns the folder, and brings its tables up to date.
pub(crate) fn open(path: &Path) -> Result<Connection, PortError> {
    // SQLite gives its -wal and -shm files the mode of the database file.
    files::private()
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| fault("cannot open", path, &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| prepare(connection, PATIENCE))
        .and_then(migrated)
        .map_err(|error| explain(path, &error))?;
    check_version(path, &connection)?;
    Ok(connection)
}

/// Opens the file to write to it while its owner may do so too.
pub(crate) fn open_joined(path: &Path) -> Result<Connection, PortError> {
    check_there(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| explain(path, &error))
        // Before anything is set, so that a file of another version stays as it is.
        .and_then(|connection| check_version(path, &connection).map(|()| connection))?;
    prepare(connection, PATIENCE_JOINED).map_err(|error| explain(path, &error))
}

/// Opens the file to look at it while another process writes.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, PortError> {
    check_there(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .and_then(|connection| limited(connection, PATIENCE))
        .map_err(|error| explain(path, &error))?;
    check_version(path, &connection)?;
    Ok(connection)
}

fn check_there(path: &Path) -> Result<(), PortError> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path).display();
    Err(PortError(format!(
        "{folder} holds no state: start `certhooks local --state {folder}` first"
    )))
}

fn prepare(connection: Connection, patience: Duration) -> rusqlite::Result<Connection> {
    let connection = limited(connection, patience)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: a commit is on the disk before it is answered, also after a power cut.
    connection.pragma_update(None, "synchronous", "full")?;
    // ON: what is deleted is overwritten with zeros, because challenge tokens must not stay.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(connection)
}

fn limited(mut connection: Connection, patience: Duration) -> rusqlite::Result<Connection> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_handler(Some(waiting(patience)))?;
    // In memory, so that nothing secret reaches a folder that is not ours.
    connection.pragma_update(None, "temp_store", "memory")?;
    // KiB, negative by SQLite's convention: memory stays flat however large the file grows.
    connection.pragma_update(None, "cache_size", -8192)?;
    Ok(connection)
}

/// Whether to try for a lock once more. SQLite's own busy timeout sleeps longer and longer, up to 100 ms,
/// and so misses the gaps that another writer leaves.
fn waiting(patience: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut began = Instant::now();
    move |tried| {
        if tried == 0 {
            began = Instant::now();
        }
        let goes_on = began.elapsed() < patience;
        if goes_on {
            std::thread::sleep(LOCK_PAUSE);
        }
        goes_on
    }
}

fn migrated(mut connection: Connection) -> rusqlite::Result<Connection> {
    let done = version(&connection)?;
    for (index, script) in MIGRATIONS.iter().enumerate().skip(done) {
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
    let found = version(connection).map_err(|error| explain(path, &error))?;
    let file = path.display();
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(PortError(format!(
            "{file} has schema version {found}, this certhooks knows {known}: run a newer certhooks"
        ))),
        std::cmp::Ordering::Less => Err(PortError(format!(
            "{file} has schema version {found}, older than {known}: start `certhooks local` once"
        ))),
    }
}
