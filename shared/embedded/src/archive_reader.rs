use std::fs;
use std::io;
use std::path::Path;

use ports::{ArchiveReader, LARGEST_OBJECT, PortError, PortResult};

use crate::LocalArchive;
use crate::archive::relative_path;
use crate::faults::fault;

/// Keys of a page. Of a day with more, all names are looked at for each page.
const PAGE: usize = 10_000;

impl ArchiveReader for LocalArchive {
    async fn list(&self, prefix: &str, after: &str) -> PortResult<Vec<String>> {
        let folder = self.folder().join(relative_path(prefix.trim_end_matches('/'))?);
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        blocking(prefix.clone(), move || {
            let mut keys = Vec::new();
            walk(&folder, &prefix, &after, &mut keys)
                .map_err(|error| fault("cannot read", &folder, &error))?;
            Ok(keys)
        })
        .await
    }

    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        let path = self.folder().join(relative_path(key)?);
        blocking(key.to_owned(), move || match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            content => content.map(Some).map_err(|error| fault("cannot read", &path, &error)),
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    key: String,
    work: impl FnOnce() -> PortResult<T> + Send + 'static,
) -> PortResult<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(PortError(format!("archive object {key:?}: {error}"))))
}

/// Depth first and by name, so that keys come in order. Folders that lie before `after` are not entered.
fn walk(folder: &Path, key: &str, after: &str, keys: &mut Vec<String>) -> io::Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        // Hidden are the drafts; a name that is no text is none of ours.
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
        if keys.len() >= PAGE {
            return Ok(());
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > LARGEST_OBJECT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is none of ours: too large"));
    }
    fs::read(path)
}
