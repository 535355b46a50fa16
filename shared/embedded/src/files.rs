use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use ports::{PortError, PortResult};

use crate::errors::io_error;
use crate::secrets_file;

/// Creates a folder and its missing parents with mode 0700.
pub(crate) fn create_folder(path: &Path) -> Result<(), PortError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| io_error("cannot create", path, &error))
}

/// Checks that no other user can change what is in a state folder. Called before anything in it is written,
/// and before a secret is read from it.
///
/// # Errors
/// Others can, or the folder cannot be read.
pub fn check_writers(folder: &Path) -> PortResult<()> {
    // The parent of a bare file name is an empty path.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let metadata = fs::metadata(folder).map_err(|error| io_error("cannot use", folder, &error))?;
    let (name, mode) = (folder.display(), metadata.mode() & 0o777);
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(PortError(format!(
        "{name} can be changed by other users (mode {mode:03o}): check what is in it, and run `chmod 700 \
         {name}`"
    )))
}

/// Checks that the disk takes a write in the state folder and in each folder of it.
///
/// # Errors
/// It does not; the error names the folder and what to do.
pub fn check_writable(folder: &Path) -> PortResult<()> {
    write_a_byte(folder)?;
    let failed = |error: &io::Error| io_error("cannot read", folder, error);
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        if entry.file_type().map_err(|error| failed(&error))?.is_dir() {
            write_a_byte(&entry.path())?;
        }
    }
    Ok(())
}

fn write_a_byte(folder: &Path) -> PortResult<()> {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    let written = write_to_disk(&probe, b"0");
    let removed = fs::remove_file(&probe);
    written.and(removed).map_err(|error| io_error("cannot write to", folder, &error))
}

/// Checks that a state folder is its user's alone: another one could put files into it, or read them. A
/// folder that others may only read is closed to them.
pub(crate) fn check_folder(folder: &Path) -> PortResult<()> {
    check_writers(folder)?;
    let failed = |error: &io::Error| io_error("cannot use", folder, error);
    let metadata = fs::metadata(folder).map_err(|error| failed(&error))?;
    let (name, mode) = (folder.display(), metadata.mode() & 0o777);
    if metadata.uid() != this_user(folder).map_err(|error| failed(&error))? {
        let owner = metadata.uid();
        return Err(PortError(format!(
            "{name} belongs to another user (uid {owner}): run as that user, or choose another state folder"
        )));
    }
    if mode & 0o077 != 0 {
        let private = Permissions::from_mode(0o700);
        fs::set_permissions(folder, private).map_err(|error| failed(&error))?;
    }
    check_links(folder)
}

/// Checks that nothing in a state folder that is written to is a symbolic link, which would lead
/// elsewhere. `secrets.json` may be one: it is replaced as a whole, and so never written through.
pub(crate) fn check_links(folder: &Path) -> PortResult<()> {
    let failed = |error: &io::Error| io_error("cannot read", folder, error);
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let is_link = entry.file_type().map_err(|error| failed(&error))?.is_symlink();
        if is_link && entry.file_name() != secrets_file::NAME {
            return Err(PortError(format!(
                "{} is a symbolic link, which is never followed: remove it, or put the file in its place",
                entry.path().display()
            )));
        }
    }
    Ok(())
}

/// The user that owns what this process creates.
fn this_user(folder: &Path) -> io::Result<u32> {
    let probe = folder.join(format!(".user-{}", std::process::id()));
    let uid = create_new(&probe)?.metadata()?.uid();
    fs::remove_file(probe)?;
    Ok(uid)
}

/// Creates a file, in the place of an older one and never through a link (open(2), `O_EXCL`).
fn create_new(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => private_file().create_new(true).open(path),
    }
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
    let mut file = create_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// A rename is on the disk only once its folder is (fsync(2), notes).
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), PortError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io_error("cannot write", folder, &error))
}
