use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// What the shell of the namespaces does: mounts, says so, and waits for us to end.
const HOLD: &str = r#"mount -t tmpfs -o size="$1" none "$2" && echo mounted && exec cat"#;
const BALLAST: &str = "ballast";
const PIECE: usize = 4096;

/// A small file system in memory, in user and mount namespaces of its own (user_namespaces(7)).
pub(crate) struct Volume {
    holder: Child,
    mounted_on: PathBuf,
}

impl Volume {
    /// `None` where this system does not let us; `folder` is where programs inside see it.
    pub(crate) fn mount(folder: &Path, bytes: u64) -> Result<Option<Self>> {
        let holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", HOLD, "sh"])
            .arg(bytes.to_string())
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(holder) = holder else { return Ok(None) };
        let mut volume = Self { holder, mounted_on: folder.to_owned() };
        let out = volume.holder.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok((line == "mounted\n").then_some(volume))
    }

    /// The start of a command that runs inside.
    pub(crate) fn inside(&self) -> Vec<String> {
        let holder = self.holder.id().to_string();
        ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", &holder]
            .map(str::to_owned)
            .into()
    }

    /// The folder as it is seen from outside.
    pub(crate) fn folder(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.mounted_on.strip_prefix("/").unwrap_or(&self.mounted_on))
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) -> Result<()> {
        let path = self.folder().join(BALLAST);
        let mut file = File::options().create(true).append(true).open(&path)?;
        // Until it fails, as it must.
        while file.write_all(&[0; PIECE]).is_ok() {}
        Ok(())
    }

    /// Makes room again.
    pub(crate) fn clear(&self) -> Result<()> {
        let path = self.folder().join(BALLAST);
        std::fs::remove_file(&path).with_context(|| path.display().to_string())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // It ends with its standard input too; the file system goes with it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
