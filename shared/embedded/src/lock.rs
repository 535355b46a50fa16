use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use ports::{PortError, PortResult};

use crate::errors::io_error;
use crate::files::private_file;

/// The file whose lock the owner of a folder holds.
pub(crate) const OWNER: &str = "lock";

/// An exclusive lock on a file of the folder. While it exists, no other process owns the folder or,
/// with another name of file, runs the operation that the file is named after. The system releases
/// it when the process ends, however it ends.
pub(crate) struct Lock(File);

impl Lock {
    /// `conflict` says who else may hold the lock, and what to do then.
    pub(crate) fn take(folder: &Path, name: &str, conflict: &str) -> PortResult<Self> {
        let path = folder.join(name);
        let file = private_file()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| io_error("cannot open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(PortError(format!("{} is held: {conflict}", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(io_error("cannot lock", &path, &error)),
        }
    }
}

/// Whether a `certhooks local` runs on the folder. Looking takes the lock for a moment, if it is free.
///
/// # Errors
/// The folder cannot be read.
pub fn is_owned(folder: &Path) -> PortResult<bool> {
    let path = folder.join(OWNER);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(|error| io_error("cannot open", &path, &error))?,
    };
    match file.try_lock_shared() {
        Ok(()) => {
            file.unlock().map_err(|error| io_error("cannot unlock", &path, &error)).and(Ok(false))
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(io_error("cannot lock", &path, &error)),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that another thread is starting has a copy of the
        // descriptor for a short time, and with it the lock (flock(2)).
        let _ = self.0.unlock();
    }
}
