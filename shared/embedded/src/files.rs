use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use ports::PortError;

use crate::errors::io_error;

/// Creates a folder and its missing parents with mode 0700. The mode of an existing folder stays.
pub(crate) fn create_folder(path: &Path) -> Result<(), PortError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| io_error("cannot create", path, &error))
}

/// Options that open a file for writing, with mode 0600 if it is new.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Writes `temporary` to the disk, then renames it to `target`: after a crash the old file, the new
/// one or none exists, never a part of one. Both paths must be on one file system.
pub(crate) fn write_atomically(
    temporary: &Path,
    target: &Path,
    content: &[u8],
) -> Result<(), PortError> {
    let written = write_to_disk(temporary, content)
        .map_err(|error| io_error("cannot write", temporary, &error));
    let renamed = written.and_then(|()| {
        fs::rename(temporary, target).map_err(|error| io_error("cannot write", target, &error))
    });
    match renamed {
        Ok(()) => sync_folder_of(target),
        Err(error) => {
            // The first error is the one to report; a file that stays is removed on the next start.
            let _ = fs::remove_file(temporary);
            Err(error)
        }
    }
}

fn write_to_disk(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private_file().create(true).truncate(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A rename is on the disk only once its folder is (fsync(2), notes).
fn sync_folder_of(path: &Path) -> Result<(), PortError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io_error("cannot write", folder, &error))
}
