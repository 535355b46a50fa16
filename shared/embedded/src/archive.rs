use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ports::{Archive, PortError, PortResult};

use crate::faults::fault;
use crate::files::{create_folder, write_whole};

/// Where files are until they are whole, inside the archive so that a rename moves them.
const DRAFTS: &str = ".drafts";

/// Segments of a key that are folders under their own name: provider, year, month, day.
const PLAIN_FOLDERS: usize = 4;

/// One file for each object, below one folder.
#[derive(Clone)]
pub struct LocalArchive {
    folder: Arc<Path>,
    /// Before the number of a draft: nothing for the owner of the folder, of whom there is one.
    process: Arc<str>,
    /// Numbers the drafts of this process.
    drafts: Arc<AtomicU64>,
}

/// Older than any write takes: its process has ended.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

impl LocalArchive {
    /// `folder` is absolute. Removes drafts that an ended process left.
    pub(crate) fn open(folder: PathBuf) -> PortResult<Self> {
        let archive = Self::named(folder, "")?;
        let drafts = archive.folder.join(DRAFTS);
        tidy(&drafts).map_err(|error| fault("cannot remove a file of", &drafts, &error))?;
        Ok(archive)
    }

    /// The same beside the owner of the folder.
    pub(crate) fn join(folder: PathBuf) -> PortResult<Self> {
        Self::named(folder, &format!("{}-", std::process::id()))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn named(folder: PathBuf, process: &str) -> PortResult<Self> {
        create_folder(&folder.join(DRAFTS))?;
        Ok(Self { folder: folder.into(), process: process.into(), drafts: Arc::default() })
    }

    fn write(&self, target: &Path, body: &[u8]) -> PortResult<()> {
        create_folder(target.parent().unwrap_or(&self.folder))?;
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.join(DRAFTS).join(format!("{}{number}", self.process));
        write_whole(&draft, target, body)
    }
}

impl Archive for LocalArchive {
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        let target = self.folder.join(relative_path(key)?);
        let archive = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            archive.write(&target, &body).map(|()| file_uri(&target))
        });
        written
            .await
            .unwrap_or_else(|error| Err(PortError(format!("archive object {key:?}: {error}"))))
    }
}

/// Removes what an owner left, and what others left long ago: they may be at work.
fn tidy(drafts: &Path) -> io::Result<()> {
    for draft in fs::read_dir(drafts)? {
        let draft = draft?;
        let is_owners = draft.file_name().to_string_lossy().parse::<u64>().is_ok();
        let age = draft.metadata()?.modified()?.elapsed().unwrap_or_default();
        if is_owners || age > ABANDONED {
            fs::remove_file(draft.path())?;
        }
    }
    Ok(())
}

/// `/` in a key makes folders. One that an id makes gets `.d` after its name, so that the object
/// `ID` and the object `ID/PART` can both be files.
pub(crate) fn relative_path(key: &str) -> PortResult<PathBuf> {
    let segments: Vec<&str> = key.split('/').collect();
    if let Some(wrong) = segments.iter().find(|segment| !is_file_name(segment)) {
        return Err(PortError(format!(
            "archive key {key:?}: its part {wrong:?} cannot be a file name"
        )));
    }
    let last = segments.len() - 1;
    let names = segments.iter().enumerate().map(|(index, segment)| {
        let own_name = index == last || index < PLAIN_FOLDERS;
        if own_name { (*segment).to_owned() } else { format!("{segment}.d") }
    });
    Ok(names.collect())
}

/// 255 bytes is the limit of ext4, XFS, APFS and others; two are for `.d`.
fn is_file_name(segment: &str) -> bool {
    let length = 1..=253;
    length.contains(&segment.len())
        && !segment.starts_with('.')
        && !segment.contains(char::is_control)
}

/// RFC 8089, with everything but unreserved characters (RFC 3986, 2.3) and `/` percent-encoded.
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
