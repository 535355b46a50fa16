use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::PortError;
use rusqlite::ErrorCode;
use rustix::io::Errno;

static SHORTAGES: AtomicU64 = AtomicU64::new(0);

/// How often an operation of this process has failed for lack of disk space, memory or file descriptors.
/// What was in progress when it rises says nothing against its message.
pub fn shortages() -> u64 {
    SHORTAGES.load(Ordering::Relaxed)
}

fn count_shortage(is_shortage: bool) {
    SHORTAGES.fetch_add(u64::from(is_shortage), Ordering::Relaxed);
}

/// Where the system has run out of something, SQLite cannot open a file, or write to one.
fn is_shortage(code: Option<ErrorCode>) -> bool {
    use ErrorCode::{CannotOpen, DiskFull, OutOfMemory, SystemIoFailure};
    matches!(code, Some(CannotOpen | DiskFull | OutOfMemory | SystemIoFailure))
}

fn is_of_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

fn is_system_shortage(error: &io::Error) -> bool {
    use io::ErrorKind::{OutOfMemory, QuotaExceeded, StorageFull};
    is_of_descriptors(error) || matches!(error.kind(), OutOfMemory | QuotaExceeded | StorageFull)
}

/// An error of SQLite with its file and, where there is one, the remedy. SQLite's texts contain
/// names of tables and columns, never values.
pub(crate) fn sqlite_error(file: &Path, error: &rusqlite::Error) -> PortError {
    let code = error.sqlite_error_code();
    count_shortage(is_shortage(code));
    let remedy = match code {
        Some(ErrorCode::DiskFull) => "; free space on its file system",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "; give this user write permission to it and to its folder"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "; stop the other program that uses it"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "; it is damaged: restore a copy, or move it away to start with a new one"
        }
        Some(ErrorCode::SystemIoFailure) => "; check its disk",
        _ => "",
    };
    PortError(format!("{}: {error}{remedy}", file.display()))
}

/// An error of a file operation with the path and, where there is one, the remedy.
pub(crate) fn io_error(attempt: &str, path: &Path, error: &io::Error) -> PortError {
    count_shortage(is_system_shortage(error));
    let remedy = match error.kind() {
        _ if is_of_descriptors(error) => "; raise the limit of open files (ulimit -n)",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; give this user permission there, run as the user who owns it, or choose another state folder"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free space on its file system"
        }
        _ => "",
    };
    PortError(format!("{attempt} {}: {error}{remedy}", path.display()))
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn only_a_lack_of_something_is_a_shortage() {
        let of_system =
            |errno: Errno| is_system_shortage(&io::Error::from_raw_os_error(errno.raw_os_error()));
        let of_sqlite = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            is_shortage(error.sqlite_error_code())
        };
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOSPC, Errno::DQUOT, Errno::NOMEM] {
            assert!(of_system(errno), "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::NOTDIR, Errno::ROFS] {
            assert!(!of_system(errno), "{errno}");
        }
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_NOMEM, ffi::SQLITE_CANTOPEN, ffi::SQLITE_IOERR] {
            assert!(of_sqlite(code), "{code}");
        }
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_READONLY, ffi::SQLITE_CORRUPT] {
            assert!(!of_sqlite(code), "{code}");
        }
    }

    #[test]
    fn a_shortage_is_counted_and_has_a_remedy() {
        let (before, path) = (shortages(), Path::new("file"));
        let too_many = io::Error::from_raw_os_error(Errno::MFILE.raw_os_error());
        let error = io_error("cannot open", path, &too_many).to_string();
        assert!(error.contains("ulimit -n"), "{error}");
        assert!(shortages() > before);
    }
}
