//! A copy of a state folder, made while `certhooks local` runs. It is a state folder itself, so it is put
//! back by putting it in the place of the other.

use std::fs::{self, File};
use std::path::{Path, absolute};

use ports::{PortError, PortResult};
use rusqlite::Connection;

use crate::errors::{io_error, sqlite_error};
use crate::files::{self, create_folder, write_atomically};
use crate::{schema, secrets_file, simulation};

/// Copies the state folder to `target`, which is created, and must be empty if it exists. Blocks for as long
/// as it takes to write the database.
///
/// # Errors
/// The folder holds no state or one of another version, `target` holds something, or a file cannot be read
/// or written.
pub fn back_up(folder: &Path, target: &Path) -> PortResult<()> {
    let folder = absolute(folder).map_err(|error| io_error("cannot find", folder, &error))?;
    let target = absolute(target).map_err(|error| io_error("cannot find", target, &error))?;
    let file = folder.join(schema::FILE);
    let connection = schema::open_read_only(&file)?;
    files::check_writers(&folder)?;
    create_folder(&target)?;
    let mut entries =
        fs::read_dir(&target).map_err(|error| io_error("cannot read", &target, &error))?;
    if entries.next().is_some() {
        let target = target.display();
        return Err(PortError(format!("{target} is not empty: name another folder")));
    }
    files::check_folder(&target)?;
    for name in [secrets_file::NAME, simulation::MARK] {
        copy_if_exists(&folder.join(name), &target.join(name))?;
    }
    // Last, since a folder without it holds no state.
    copy_database(&connection, &file, &target.join(schema::FILE))
}

fn copy_if_exists(from: &Path, to: &Path) -> PortResult<()> {
    match fs::read(from) {
        Ok(content) => write_atomically(&to.with_extension("new"), to, &content),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("cannot read", from, &error)),
    }
}

/// Copies a database as it is at this moment, but for the challenge tokens, of which no copy may be kept.
/// After a crash there is the whole copy or none.
pub(crate) fn copy_database(connection: &Connection, file: &Path, target: &Path) -> PortResult<()> {
    let unfinished = target.with_extension("unfinished");
    let _ = fs::remove_file(&unfinished);
    // SQLite would create it with the mode of other new files; it takes an empty one.
    files::private_file()
        .create_new(true)
        .open(&unfinished)
        .map_err(|error| io_error("cannot create", &unfinished, &error))?;
    let path = unfinished
        .to_str()
        .ok_or_else(|| PortError(format!("{}: the path is not UTF-8", unfinished.display())))?;
    // Else a copy has the pages of its original, which may be older.
    connection
        .pragma_update(None, "page_size", schema::PAGE_SIZE)
        .and_then(|()| connection.execute("VACUUM INTO ?1", [path]))
        .map_err(|error| sqlite_error(file, &error))?;
    remove_challenges(&unfinished).map_err(|error| sqlite_error(&unfinished, &error))?;
    File::open(&unfinished)
        .and_then(|copy| copy.sync_all())
        .and_then(|()| fs::rename(&unfinished, target))
        .map_err(|error| io_error("cannot write", target, &error))?;
    files::sync_folder_of(target)
}

/// A table of which every row is deleted is overwritten whole (see scrub.rs), and a new copy has no traces
/// elsewhere.
fn remove_challenges(copy: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(copy)?;
    connection.execute_batch(
        "PRAGMA journal_mode = off; PRAGMA secure_delete = on;
         DELETE FROM confidential;
         DELETE FROM challenges;
         DELETE FROM messages WHERE expires IS NOT NULL;",
    )?;
    connection.close().map_err(|(_, error)| error)
}
