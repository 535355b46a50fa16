use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ports::PortError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::errors::{io_error, sqlite_error};
use crate::{backup, files};

/// The file in a state folder that holds all but the secrets.
pub const FILE: &str = "certhooks.db";

/// One script for each version; `PRAGMA user_version` counts those that ran. Scripts are only
/// added, never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
    include_str!("schema/10.sql"),
    include_str!("schema/11.sql"),
];

/// The size of a page in bytes. An event changes a page here and there in five trees, and each goes to the log and to the
/// file: smaller ones are less to write. A file that was made before has pages of 4 KiB, and keeps them.
pub(crate) const PAGE_SIZE: i64 = 2048;
/// The size in bytes at which the log goes to the file: many commits change the same pages, which are then written to
/// the file once. When nothing happens the writer empties the log.
const LOG_SIZE: i64 = 64 << 20;
/// The most that is left of the log after it went to the file, in bytes.
const LOG_SIZE_LEFT: i64 = 16 << 20;

/// Interval between two attempts to take the write lock. A process that joined pauses longer
/// between its transactions, see writer.rs.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_millis(2);
/// Maximum wait for a lock: a webhook endpoint answers within 7 s, with 503 if need be.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a process that joined, which can wait while the owner is busy.
const LOCK_TIMEOUT_JOINED: Duration = Duration::from_secs(30);

/// Opens the file for the process that owns the folder, creates it if it is missing, and migrates its
/// schema. A file of an older version is copied first, for a way back.
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
        .map_err(|error| sqlite_error(path, &error))?;
    copy_older(path, &connection)?;
    let connection = migrate(connection).map_err(|error| sqlite_error(path, &error))?;
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
    let open = |name: &Path, flags| {
        let connection = configure(Connection::open_with_flags(name, flags)?, LOCK_TIMEOUT)?;
        version(&connection).map(|_| connection)
    };
    let connection = match open(path, flags) {
        // Readers share memory with writers through a file beside it. A copy that cannot be written to has
        // no writers.
        Err(error) if is_read_only(&error) && !has_log(path) => {
            open(&as_immutable(path), flags | OpenFlags::SQLITE_OPEN_URI)
        }
        opened => opened,
    };
    let connection = connection.map_err(|error| sqlite_error(path, &error))?;
    check_version(path, &connection)?;
    Ok(connection)
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Whether a write-ahead log holds what is not in the file yet.
fn has_log(path: &Path) -> bool {
    std::fs::metadata(path.with_extension("db-wal")).is_ok_and(|log| log.len() > 0)
}

/// The URI under which SQLite takes a file for one that nobody changes (<https://www.sqlite.org/uri.html>).
fn as_immutable(path: &Path) -> PathBuf {
    let mut uri = OsString::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.push(format!("%{byte:02X}")),
            _ => uri.push(OsStr::from_bytes(&[*byte])),
        }
    }
    uri.push("?immutable=1");
    uri.into()
}

/// The application id of the database of a simulated folder (<https://www.sqlite.org/pragma.html#pragma_application_id>):
/// `fake`.
const SIMULATED: i64 = 0x66_61_6b_65;

/// Marks the database as that of a simulated folder.
pub(crate) fn mark_simulated(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", SIMULATED)
}

/// Whether the database is that of a simulated folder. Of one that cannot be read its opening says why.
pub(crate) fn is_simulated(path: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let id = Connection::open_with_flags(path, flags)
        .and_then(|it| it.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0)));
    id.is_ok_and(|id| id == SIMULATED)
}

pub(crate) fn check_exists(path: &Path) -> Result<(), PortError> {
    if path.try_exists().map_err(|error| io_error("cannot read", path, &error))? {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path).display();
    Err(PortError(format!(
        "{folder} holds no state: start `certhooks local --state {folder}` first"
    )))
}

fn prepare(connection: Connection, timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = configure(connection, timeout)?;
    // Of a new file only.
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: a commit is on the disk before it is answered, also after a power cut.
    connection.pragma_update(None, "synchronous", "full")?;
    // ON: deleted content is overwritten with zeros, because challenge tokens must not stay in the
    // file.
    connection.pragma_update(None, "secure_delete", "on")?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    let page_size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_SIZE / page_size)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LEFT)?;
    Ok(connection)
}

fn configure(mut connection: Connection, timeout: Duration) -> rusqlite::Result<Connection> {
    connection.set_prepared_statement_cache_capacity(128);
    // Else SQLite compiles a statement anew for each value, where a partial index might serve some values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_handler(Some(retry_for(timeout)))?;
    // In memory, so that no secret reaches a folder outside of the state folder.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Negative means KiB. The limit keeps memory constant however large the file grows.
    connection.pragma_update(None, "cache_size", -8192)?;
    Ok(connection)
}

thread_local! {
    /// Whether the connection of this thread waits for locks.
    static WAITS: Cell<bool> = const { Cell::new(true) };
}

/// Runs `work` on the connection of this thread without waiting for locks.
pub(crate) fn without_waiting<T>(work: impl FnOnce() -> T) -> T {
    WAITS.set(false);
    let done = work();
    WAITS.set(true);
    done
}

/// A busy handler, which returns whether to try once more. SQLite's own one sleeps longer and
/// longer, up to 100 ms, and so misses the pauses of another writer.
fn retry_for(timeout: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut began = Instant::now();
    move |attempts| {
        if attempts == 0 {
            began = Instant::now();
        }
        let is_in_time = WAITS.get() && began.elapsed() < timeout;
        if is_in_time {
            std::thread::sleep(LOCK_RETRY_INTERVAL);
        }
        is_in_time
    }
}

/// Copies a file of an older version to one that is named after the version.
fn copy_older(path: &Path, connection: &Connection) -> Result<(), PortError> {
    let found = version(connection).map_err(|error| sqlite_error(path, &error))?;
    if found == 0 || found >= MIGRATIONS.len() {
        return Ok(());
    }
    let copy = path.with_file_name(format!("certhooks-{found}.db"));
    tracing::info!(copy = %copy.display(), "copying the database before it is migrated");
    backup::copy_database(connection, path, &copy)
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
            "{file} has schema version {found}, this certhooks supports {known}: run a newer certhooks, or \
             go back to a copy of version {known}"
        ))),
        std::cmp::Ordering::Less => Err(PortError(format!(
            "{file} has schema version {found}, older than {known}: start `certhooks local` once"
        ))),
    }
}
