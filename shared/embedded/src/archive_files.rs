//! The archive of a state folder of version 0.1.0 was a file for each object. They move into the database at
//! the first start.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use ports::{PortError, PortResult};

use crate::archive;
use crate::errors::io_error;
use crate::writer::Writer;

const FOLDER: &str = "archive";
/// Number of files that move in one transaction.
const BATCH: usize = 1000;
/// Number of leading parts of a key whose folders have the same name: provider, year, month, day. Others
/// ended with `.d`, so that the objects `ID` and `ID/PART` could both be files.
const DATE_FOLDERS: usize = 4;

/// Moves every file into the database, and removes it once it is there. May be stopped anywhere.
pub(crate) fn import(folder: &Path, writer: &Writer) -> PortResult<()> {
    let archive = folder.join(FOLDER);
    let mut files = Files { folders: vec![(archive.clone(), String::new(), 0)], found: Vec::new() };
    if !archive.exists() {
        return Ok(());
    }
    let mut moved = 0_usize;
    loop {
        let batch = files.next_batch()?;
        if batch.is_empty() {
            break;
        }
        moved += batch.len();
        import_batch(writer, &batch)?;
        tracing::info!(files = moved, "moving the archive into the database");
    }
    fs::remove_dir_all(&archive).map_err(|error| io_error("cannot remove", &archive, &error))
}

fn import_batch(writer: &Writer, batch: &[(PathBuf, String)]) -> PortResult<()> {
    let objects = batch.iter().map(|(path, key)| {
        let object = fs::read(path).map_err(|error| io_error("cannot read", path, &error));
        object.map(|object| (key, object))
    });
    let objects = objects.collect::<PortResult<Vec<_>>>()?;
    let stored = writer.transact(|transaction| {
        objects
            .iter()
            .try_for_each(|(key, object)| archive::put(transaction, key, object).map(drop))
    });
    stored.map_err(PortError)?;
    batch.iter().try_for_each(|(path, _)| {
        fs::remove_file(path).map_err(|error| io_error("cannot remove", path, &error))
    })
}

/// The files below the folders that are left to read, each with its key.
struct Files {
    /// A folder, the beginning of the keys in it, and how deep it is.
    folders: Vec<(PathBuf, String, usize)>,
    found: Vec<(PathBuf, String)>,
}

impl Files {
    fn next_batch(&mut self) -> PortResult<Vec<(PathBuf, String)>> {
        while self.found.len() < BATCH {
            let Some((folder, key, depth)) = self.folders.pop() else { break };
            let read = self.read(&folder, &key, depth);
            read.map_err(|error| io_error("cannot read", &folder, &error))?;
        }
        Ok(self.found.drain(..self.found.len().min(BATCH)).collect())
    }

    fn read(&mut self, folder: &Path, key: &str, depth: usize) -> io::Result<()> {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<DirEntry>>>()?;
        for entry in entries {
            let name = entry.file_name();
            // What was being written is hidden. A name that is not UTF-8 is not from Certhooks.
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let part = name.strip_suffix(".d").filter(|_| depth >= DATE_FOLDERS);
                let key = format!("{key}{}/", part.unwrap_or(name));
                self.folders.push((entry.path(), key, depth + 1));
            } else if kind.is_file() {
                self.found.push((entry.path(), format!("{key}{name}")));
            }
        }
        Ok(())
    }
}
