use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

const BALLAST: &str = "ballast";
const PIECE: usize = 4096;

/// A small file system in memory. Mounting needs a mount namespace of its own, and root in it
/// (user_namespaces(7)).
pub(crate) struct Volume(PathBuf);

impl Volume {
    pub(crate) fn mount(folder: &Path, bytes: u64) -> Result<Self> {
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(folder);
        let status = mount.status().context("cannot run mount")?;
        ensure!(status.success(), "{mount:?}: {status}; it needs a mount namespace of its own");
        Ok(Self(folder.to_owned()))
    }

    /// Fills the file system.
    pub(crate) fn fill(&self) -> Result<()> {
        let path = self.0.join(BALLAST);
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        // Write until it fails.
        while file.write_all(&[0; PIECE]).is_ok() {}
        Ok(())
    }

    /// Frees the space again.
    pub(crate) fn clear(&self) -> Result<()> {
        let path = self.0.join(BALLAST);
        std::fs::remove_file(&path).with_context(|| path.display().to_string())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // If this fails, it is unmounted when the namespace ends.
        let _ = Command::new("umount").arg(&self.0).status();
        // The owner of the folder could not remove it while it was a mount point.
        let _ = std::fs::remove_dir(&self.0);
    }
}
