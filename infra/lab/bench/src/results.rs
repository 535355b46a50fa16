use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::figures::Figures;
use crate::markdown;
use crate::process;
use crate::side::Side;
use crate::stage::Stage;
use crate::targets::Target;

/// The results of a run, as they are in `bench.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    pub method: Method,
    pub targets: Vec<Target>,
    #[serde(flatten)]
    pub figures: Figures,
}

impl Results {
    /// Writes `bench.json` and `bench.md` to `folder`.
    ///
    /// # Errors
    /// A file cannot be written; the message names it.
    pub fn write(&self, folder: &Path, sides: &[Side]) -> Result<()> {
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for (name, text) in [("bench.json", json), ("bench.md", markdown::render(self, sides))] {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

/// How the figures were measured.
#[derive(Debug, Serialize)]
pub struct Method {
    pub rounds: usize,
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    /// The versions of the interpreters, as each prints it.
    pub versions: Vec<String>,
    /// Whether the measured program has a processor of its own, and everything else the other.
    pub is_pinned: bool,
    /// Whether the CPU shares are quotas of the kernel. If not, they are computed as processor time ÷ share.
    pub has_quotas: bool,
    /// Whether the sides that parse the system's roots on Lambda did so here too.
    pub has_system_roots: bool,
}

impl Method {
    pub fn of(stage: &Stage, sides: &[Side], rounds: usize) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut versions: Vec<_> = sides.iter().filter_map(version).collect();
        versions.dedup();
        Self {
            rounds,
            processor: processor(),
            processors: process::processors(),
            kernel: kernel.trim().to_owned(),
            versions,
            is_pinned: stage.is_pinned(),
            has_quotas: stage.cpu_quota.can_limit(),
            has_system_roots: stage.has_system_roots(),
        }
    }

    pub fn text(&self) -> String {
        let versions = self.versions.join(", ");
        let shares = if self.has_quotas {
            "are kernel quotas with a period of 20 ms, from the first instruction on"
        } else {
            "are computed, processor time ÷ share: no quota could be set on this machine"
        };
        let pinned = if self.is_pinned { "one processor" } else { "no processor of its own" };
        let roots = if self.has_system_roots { "were" } else { "were not found and not" };
        format!(
            "{}, {} processors, Linux {}; {versions}.\n\
             Medians of {} rounds, with the quartiles in brackets. The sides take turns within a round, and ratios are of pairs.\n\
             CPU shares (memory ÷ 1769 MB of a vCPU) {shares}.\n\
             The measured program has {pinned}. The system's roots {roots} parsed by the sides that parse them on Lambda.\n",
            self.processor, self.processors, self.kernel, self.rounds
        )
    }
}

/// The model of the processor.
pub fn processor() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1));
    model.unwrap_or("unknown").trim().to_owned()
}

/// The version that an interpreter prints. Compiled functions have their versions in the lock file.
fn version(side: &Side) -> Option<String> {
    let (program, arguments) = side.command.split_first()?;
    if arguments.is_empty() {
        return None;
    }
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(if text.starts_with('v') {
        format!("Node.js {}", text.trim())
    } else {
        text.trim().to_owned()
    })
}
