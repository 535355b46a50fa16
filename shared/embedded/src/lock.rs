use std::fs::{File, TryLockError};
use std::path::Path;

use ports::{PortError, PortResult};

use crate::faults::fault;
use crate::files::private;

/// Proof that no other process owns the folder, or does what the lock is named for. The system lets go
/// of it when the process ends, however it ends.
pub(crate) struct Lock(File);

impl Lock {
    /// `held` says who else may have it, and what to do then.
    pub(crate) fn take(folder: &Path, name: &str, held: &str) -> PortResult<Self> {
        let path = folder.join(name);
        let file = private()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| fault("cannot open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(PortError(format!("{} is held: {held}", path.display())))
            }
            Err(TryLockError::Error(error)) => Err(fault("cannot lock", &path, &error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process just being started by another thread has a copy of the
        // descriptor for a moment, and with it the lock (flock(2)).
        let _ = self.0.unlock();
    }
}
