use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

const BALLAST: &str = "ballast";
const PIECE: usize = 4096;

/// A small file system in memory. Mounting takes a mount namespace of our own, and root in it
/// (user_namespaces(7)).
pub(crate) struct Volume(PathBuf);

impl Volume {
    pub(crate) fn mount(folder: &Path, bytes: u64) -> Result<Self> {
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "none"]).arg(folder);
        let status = mount.status().context("mount does not start")?;
        ensure!(status.success(), "{mount:?}: {status}; it takes a mount namespace of our own");
        Ok(Self(folder.to_owned()))
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) -> Result<()> {
        let path = self.0.join(BALLAST);
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        // Until it fails, as it must.
        while file.write_all(&[0; PIECE]).is_ok() {}
        Ok(())
    }

    /// Makes room again.
    pub(crate) fn clear(&self) -> Result<()> {
        let path = self.0.join(BALLAST);
        std::fs::remove_file(&path).with_context(|| path.display().to_string())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Else it goes with the namespace.
        let _ = Command::new("umount").arg(&self.0).status();
        // Its owner could not remove it before.
        let _ = std::fs::remove_dir(&self.0);
    }
}
