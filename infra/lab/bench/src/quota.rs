use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Lambda gives a function one vCPU at this memory, and a proportional share at less (AWS Lambda Developer
/// Guide, "Configure Lambda function memory").
const WHOLE_VCPU_MB: f64 = 1769.0;
/// The period is short, so that the quota affects a start of a few milliseconds.
const PERIOD_MICROS: u32 = 20_000;

/// The memories that are measured, in MB. Each gives less than a whole vCPU.
pub const MEMORIES: [u32; 4] = [128, 256, 512, 1024];

/// The share of a vCPU that a function of `memory_mb` gets, from 0 to 1.
pub fn share(memory_mb: u32) -> f64 {
    (f64::from(memory_mb) / WHOLE_VCPU_MB).min(1.0)
}

/// A control group that limits the measured program, if one can be made, which needs root and a CPU
/// controller.
pub struct CpuQuota(Option<Group>);

struct Group {
    folder: PathBuf,
    is_v2: bool,
}

impl CpuQuota {
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

    /// Puts a process into the group. Its threads and children are in it too.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn admit(&self, process: u32) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |group| group.write("cgroup.procs", process.to_string()))
    }

    /// Limits all processes in the group together to `share` of a vCPU; `None` removes the limit.
    ///
    /// # Errors
    /// The kernel refused.
    pub fn limit(&self, share: Option<f64>) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |group| group.limit(share))
    }
}

impl Default for CpuQuota {
    fn default() -> Self {
        Self::new()
    }
}

impl Group {
    fn made(self) -> Option<Self> {
        if self.is_v2 {
            // This fails if it is on already or may not be changed, which setting the limit below shows.
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
        // The group is empty. The kernel may need a moment to notice that, and an empty group that is left does
        // no harm.
        let _ = fs::remove_dir(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_agree_with_lambda() {
        for (memory, expected) in [(128, 0.0724), (256, 0.1447), (1769, 1.0), (3008, 1.0)] {
            assert!((share(memory) - expected).abs() < 1e-4, "{memory}");
        }
    }
}
