use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use ports::PortError;

use crate::faults::fault;

/// Makes a folder and those above it, for this user alone. Leaves the mode of an existing one.
pub(crate) fn create_folder(path: &Path) -> Result<(), PortError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| fault("cannot create", path, &error))
}

/// How a new file is opened: for this user alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Writes `draft` to the disk, then renames it to `target`: after a crash there is the old file,
/// the new one or none, never half of one. Both paths are on one file system.
pub(crate) fn write_whole(draft: &Path, target: &Path, content: &[u8]) -> Result<(), PortError> {
    let written = write_draft(draft, content).map_err(|error| fault("cannot write", draft, &error));
    let renamed = written.and_then(|()| {
        fs::rename(draft, target).map_err(|error| fault("cannot write", target, &error))
    });
    match renamed {
        Ok(()) => sync_folder_of(target),
        Err(error) => {
            // The first fault is the one to tell; a draft that stays is removed on the next start.
            let _ = fs::remove_file(draft);
            Err(error)
        }
    }
}

fn write_draft(draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private().create(true).truncate(true).open(draft)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A rename is on the disk only once its folder is (fsync(2), notes).
fn sync_folder_of(path: &Path) -> Result<(), PortError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| fault("cannot write", folder, &error))
}
