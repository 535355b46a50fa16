use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Lambda gives one vCPU at this memory, and of it what the memory is of this (AWS Lambda Developer
/// Guide, "Configure Lambda function memory").
const WHOLE_VCPU_MB: f64 = 1769.0;
/// Short, so that the quota bites a start that takes a few milliseconds.
const PERIOD_MICROS: u32 = 20_000;

/// The memories that are measured, in MB; below a whole vCPU the share grows with them.
pub const MEMORIES: [u32; 4] = [128, 256, 512, 1024];

/// What a function of `memory_mb` gets of a vCPU, from 0 to 1.
pub fn share(memory_mb: u32) -> f64 {
    (f64::from(memory_mb) / WHOLE_VCPU_MB).min(1.0)
}

/// A control group for what is measured, where one can be made: that takes root and a CPU controller.
pub struct Pen(Option<Group>);

struct Group {
    folder: PathBuf,
    is_v2: bool,
}

impl Pen {
    pub fn new() -> Self {
        let name = format!("certhooks-bench-{}", std::process::id());
        let v1 = Group { folder: Path::new("/sys/fs/cgroup/cpu").join(&name), is_v2: false };
        let v2 = Group { folder: Path::new("/sys/fs/cgroup").join(&name), is_v2: true };
        Self([v1, v2].into_iter().find_map(Group::made))
    }

    /// Whether [`limit`](Self::limit) does anything.
    pub fn can_limit(&self) -> bool {
        self.0.is_some()
    }

    /// Puts a process in; its threads and children will be in it too.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn admit(&self, process: u32) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |group| group.write("cgroup.procs", process.to_string()))
    }

    /// From now on all in it together get `share` of a vCPU; `None`: as much as there is.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn limit(&self, share: Option<f64>) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |group| group.limit(share))
    }
}

impl Default for Pen {
    fn default() -> Self {
        Self::new()
    }
}

impl Group {
    fn made(self) -> Option<Self> {
        if self.is_v2 {
            // Refused where it is on already or nothing may be changed; the limit below tells.
            let _ = fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
        }
        if !self.folder.parent()?.join("cgroup.procs").exists() {
            return None;
        }
        fs::create_dir(&self.folder).ok()?;
        self.limit(None).is_ok().then_some(self)
    }

    fn limit(&self, share: Option<f64>) -> Result<()> {
        let quota = share.map(|share| (share * f64::from(PERIOD_MICROS)).round().to_string());
        if self.is_v2 {
            let quota = quota.unwrap_or_else(|| "max".to_owned());
            return self.write("cpu.max", format!("{quota} {PERIOD_MICROS}"));
        }
        self.write("cpu.cfs_period_us", PERIOD_MICROS.to_string())?;
        self.write("cpu.cfs_quota_us", quota.unwrap_or_else(|| "-1".to_owned()))
    }

    fn write(&self, file: &str, text: String) -> Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, &text).with_context(|| format!("{}: {text}", path.display()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Nothing is in it any more; the kernel may need a moment to see that, and an empty group left
        // behind does no harm.
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_as_lambda_gives_them() {
        for (memory, expected) in [(128, 0.0724), (256, 0.1447), (1769, 1.0), (3008, 1.0)] {
            assert!((share(memory) - expected).abs() < 1e-4, "{memory}");
        }
    }
}
