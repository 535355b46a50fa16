use std::io;
use std::path::Path;

use ports::PortError;
use rusqlite::ErrorCode;

/// A fault of SQLite with its file and, where there is one, the remedy. SQLite's texts hold names
/// of tables and columns, never values.
pub(crate) fn explain(file: &Path, error: &rusqlite::Error) -> PortError {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "; make room on its file system",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "; let this user write to it and to its folder"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "; stop the other program that holds it"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "; it is damaged: put back a copy, or move it away to begin anew"
        }
        Some(ErrorCode::SystemIoFailure) => "; look for faults of its disk",
        _ => "",
    };
    PortError(format!("{}: {error}{advice}", file.display()))
}

/// An error with the path and, where there is one, the remedy.
pub(crate) fn fault(attempt: &str, path: &Path, error: &io::Error) -> PortError {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; let this user write there, or choose another state folder"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room on its file system"
        }
        _ => "",
    };
    PortError(format!("{attempt} {}: {error}{advice}", path.display()))
}
