use std::io;
use std::path::Path;

use ports::PortError;
use rusqlite::ErrorCode;

/// An error of SQLite with its file and, where there is one, the remedy. SQLite's texts contain
/// names of tables and columns, never values.
pub(crate) fn sqlite_error(file: &Path, error: &rusqlite::Error) -> PortError {
    let remedy = match error.sqlite_error_code() {
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
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; give this user write permission there, or choose another state folder"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free space on its file system"
        }
        _ => "",
    };
    PortError(format!("{attempt} {}: {error}{remedy}", path.display()))
}
