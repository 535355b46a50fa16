use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use ports::{Archive, PortError, PortResult, key_beside};
use ring::digest::{SHA256, digest};

use crate::errors::io_error;
use crate::files::{create_folder, write_atomically};

/// The folder of files that are being written, inside the archive so that a rename can move them.
const TEMPORARY_FOLDER: &str = ".drafts";

/// Number of leading segments of a key that become folders with the same name: provider, year,
/// month, day.
const DATE_FOLDERS: usize = 4;

/// The archive as one file for each object, below one folder.
#[derive(Clone)]
pub struct LocalArchive {
    folder: Arc<Path>,
    /// Prefix of the names of temporary files, different for each process. It is empty for the
    /// owner of the folder, of whom there is one.
    prefix: Arc<str>,
    /// Numbers the temporary files of this process.
    next_number: Arc<AtomicU64>,
}

/// Age at which a temporary file is taken for abandoned: no write takes that long.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

impl LocalArchive {
    /// Opens the archive for the owner of the folder, which must be an absolute path. Removes
    /// temporary files that an ended process left.
    pub(crate) fn open(folder: PathBuf) -> PortResult<Self> {
        let archive = Self::with_prefix(folder, "")?;
        let temporary = archive.folder.join(TEMPORARY_FOLDER);
        remove_abandoned(&temporary)
            .map_err(|error| io_error("cannot remove a file of", &temporary, &error))?;
        Ok(archive)
    }

    /// Opens the archive for a process that writes beside the owner of the folder.
    pub(crate) fn join(folder: PathBuf) -> PortResult<Self> {
        Self::with_prefix(folder, &format!("{}-", std::process::id()))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn with_prefix(folder: PathBuf, prefix: &str) -> PortResult<Self> {
        create_folder(&folder.join(TEMPORARY_FOLDER))?;
        Ok(Self { folder: folder.into(), prefix: prefix.into(), next_number: Arc::default() })
    }

    /// Where an object goes: another one that has its key already stays, since it may be the evidence of a
    /// forged event whose id was forgotten.
    fn place(&self, key: &str, body: &[u8]) -> PortResult<PathBuf> {
        let target = self.folder.join(relative_path(key)?);
        match fs::read(&target) {
            Ok(kept) if kept != body => {
                let hash = HEXLOWER.encode(digest(&SHA256, body).as_ref());
                let beside = key_beside(key, hash.get(..16).unwrap_or(&hash));
                Ok(self.folder.join(relative_path(&beside)?))
            }
            // What cannot be read is reported when it is written.
            _ => Ok(target),
        }
    }

    fn write(&self, target: &Path, body: &[u8]) -> PortResult<()> {
        create_folder(target.parent().unwrap_or(&self.folder))?;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{number}", self.prefix);
        write_atomically(&self.folder.join(TEMPORARY_FOLDER).join(name), target, body)
    }
}

impl Archive for LocalArchive {
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        let (archive, own_key) = (self.clone(), key.to_owned());
        let written = tokio::task::spawn_blocking(move || {
            let target = archive.place(&own_key, &body)?;
            archive.write(&target, &body).map(|()| file_uri(&target))
        });
        written
            .await
            .unwrap_or_else(|error| Err(PortError(format!("archive object {key:?}: {error}"))))
    }
}

/// Removes the files of an earlier owner, which has ended, and old files of other processes. Newer
/// ones of others stay: their writers may be running.
fn remove_abandoned(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        let is_owners = file.file_name().to_string_lossy().parse::<u64>().is_ok();
        let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
        if is_owners || age > ABANDONED_AFTER {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// The path of an object below the archive. `/` in a key separates folders. A folder that is named
/// after an id gets the suffix `.d`, so that the objects `ID` and `ID/PART` can both be files.
pub(crate) fn relative_path(key: &str) -> PortResult<PathBuf> {
    let segments: Vec<&str> = key.split('/').collect();
    if let Some(invalid) = segments.iter().find(|segment| !is_file_name(segment)) {
        return Err(PortError(format!(
            "archive key {key:?}: its part {invalid:?} cannot be a file name"
        )));
    }
    let last = segments.len() - 1;
    let names = segments.iter().enumerate().map(|(index, segment)| {
        let own_name = index == last || index < DATE_FOLDERS;
        if own_name { (*segment).to_owned() } else { format!("{segment}.d") }
    });
    Ok(names.collect())
}

/// The limit of ext4, XFS, APFS and others is 255 bytes; two are left for `.d`.
fn is_file_name(segment: &str) -> bool {
    let length = 1..=253;
    length.contains(&segment.len())
        && !segment.starts_with('.')
        && !segment.contains(char::is_control)
}

/// The `file` URI of a path (RFC 8089). All but unreserved characters (RFC 3986, 2.3) and `/` are
/// percent-encoded.
fn file_uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut uri = "file://".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_paths_below_the_archive() {
        for (key, path) in [
            ("meta/2026/01/02/abc", Some("meta/2026/01/02/abc")),
            ("meta/2026/01/02/abc/def", Some("meta/2026/01/02/abc.d/def")),
            ("x/y", Some("x/y")),
            ("a:b c", Some("a:b c")),
            ("", None),
            ("/etc/passwd", None),
            ("a//b", None),
            ("a/", None),
            ("a/../b", None),
            ("..", None),
            (".drafts/1", None),
            ("a\0b", None),
            ("a\nb", None),
        ] {
            assert_eq!(relative_path(key).ok(), path.map(PathBuf::from), "{key:?}");
        }
        assert!(relative_path(&"x".repeat(254)).is_err());
    }

    #[test]
    fn uris_are_encoded() {
        assert_eq!(file_uri(Path::new("/a b/ü/#1")), "file:///a%20b/%C3%BC/%231");
    }
}
