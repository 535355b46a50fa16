use crate::planted_secrets;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use harness::SecretScanner;

/// Where the secrets may be, and nowhere else.
const SECRETS: &str = "secrets.json";

/// And its write-ahead log: where a challenge's token waits for the operator.
const DATABASE: &str = "certhooks.db";

/// A folder of its own, removed with this.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("certhooks-torture-{}-{number}", std::process::id());
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
        // What cannot be removed stays in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Secrets in the files below a folder, the database with its write-ahead log included.
pub(crate) fn leaks(folder: &Path, scanner: &SecretScanner) -> Result<u64> {
    let waiting = scanner.without(planted_secrets::CHALLENGE);
    let mut found = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found += leaks(&entry.path(), scanner)?;
        } else if entry.file_name() != SECRETS {
            let bytes = fs::read(entry.path())?;
            let text = String::from_utf8_lossy(&bytes);
            let is_database = entry.file_name().to_string_lossy().starts_with(DATABASE);
            found += if is_database { waiting.count(&text) } else { scanner.count(&text) };
        }
    }
    Ok(found)
}
