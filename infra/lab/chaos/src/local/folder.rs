use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use harness::SecretScanner;

use crate::secrets::CHALLENGE;

/// The file that may hold secrets.
const SECRETS: &str = "secrets.json";

/// The database and its write-ahead log, which hold the token of a challenge for the operator.
const DATABASE: &str = "certhooks.db";

/// A temporary folder, which is removed on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("certhooks-chaos-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // If it cannot be removed, it stays in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Counts the secrets in the files below a folder, including the database with its write-ahead log.
pub(crate) fn leaks(folder: &Path, scanner: &SecretScanner) -> Result<u64> {
    let without_challenge = scanner.without(CHALLENGE);
    let mut found = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found += leaks(&entry.path(), scanner)?;
        } else if entry.file_name() != SECRETS {
            let bytes = fs::read(entry.path())?;
            let text = String::from_utf8_lossy(&bytes);
            let is_database = entry.file_name().to_string_lossy().starts_with(DATABASE);
            found +=
                if is_database { without_challenge.count(&text) } else { scanner.count(&text) };
        }
    }
    Ok(found)
}
