use std::fs;
use std::io;
use std::path::Path;

use ports::{ArchiveReader, LARGEST_OBJECT, PortError, PortResult};

use crate::archive::{LocalArchive, relative_path};
use crate::errors::io_error;

/// Maximum number of keys in a page. A day with more keys is read whole for each of its pages.
const PAGE_SIZE: usize = 10_000;

impl ArchiveReader for LocalArchive {
    async fn list(&self, prefix: &str, after: &str) -> PortResult<Vec<String>> {
        let folder = self.folder().join(relative_path(prefix.trim_end_matches('/'))?);
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        blocking(prefix.clone(), move || {
            let mut keys = Vec::new();
            walk(&folder, &prefix, &after, &mut keys)
                .map_err(|error| io_error("cannot read", &folder, &error))?;
            Ok(keys)
        })
        .await
    }

    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        let path = self.folder().join(relative_path(key)?);
        blocking(key.to_owned(), move || match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            content => content.map(Some).map_err(|error| io_error("cannot read", &path, &error)),
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    key: String,
    work: impl FnOnce() -> PortResult<T> + Send + 'static,
) -> PortResult<T> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|error| Err(PortError(format!("archive object {key:?}: {error}"))))
}

/// Collects keys depth first and by name, so that they are in order. Skips folders all of whose
/// keys are before `after`.
fn walk(folder: &Path, key: &str, after: &str, keys: &mut Vec<String>) -> io::Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        // Temporary files are in a hidden folder; a name that is not UTF-8 is not from Certhooks.
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if entry.file_type()?.is_dir() {
            let below = format!("{key}{name}/");
            if *below >= *after || after.starts_with(&below) {
                walk(&entry.path(), &below, after, keys)?;
            }
        } else {
            let key = format!("{key}{name}");
            if *key > *after {
                keys.push(key);
            }
        }
        if keys.len() >= PAGE_SIZE {
            return Ok(());
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > LARGEST_OBJECT {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "too large for an archived object",
        ));
    }
    fs::read(path)
}
