use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cost::Cost;
use crate::figures::Figures;
use crate::markdown::render;
use crate::picture::picture;
use crate::side::Side;
use crate::stage::Stage;
use crate::targets::Target;

/// All that came of a run: `bench.json`, and `bench.md` and `cold-start.svg` made of it.
#[derive(Debug, Serialize)]
pub struct Results {
    pub method: Method,
    pub targets: Vec<Target>,
    pub costs: Vec<Cost>,
    pub figures: Vec<Figures>,
}

/// What must be known to read the figures.
#[derive(Debug, Serialize)]
pub struct Method {
    pub rounds: usize,
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    /// Of the programs, as each tells it.
    pub versions: Vec<String>,
    /// Whether what is measured and what surrounds it have a processor each.
    pub is_pinned: bool,
    /// Whether the shares are quotas of the kernel; else they are processor time ÷ share.
    pub has_quotas: bool,
    /// Whether the sides that parse the system's roots on Lambda did so here.
    pub has_system_roots: bool,
}

impl Method {
    pub fn of(stage: &Stage, sides: &[Side], rounds: usize) -> Self {
        let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let lines = |name: &'static str| told.lines().filter(move |line| line.starts_with(name));
        let model = lines("model name").next().and_then(|line| line.split(": ").nth(1));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut versions: Vec<_> = sides.iter().filter_map(version).collect();
        versions.dedup();
        Self {
            rounds,
            processor: model.unwrap_or("unknown").to_owned(),
            processors: lines("processor").count(),
            kernel: kernel.trim().to_owned(),
            versions,
            is_pinned: stage.is_pinned(),
            has_quotas: stage.pen.can_limit(),
            has_system_roots: stage.has_system_roots(),
        }
    }

    pub fn text(&self) -> String {
        let either = |is: bool, yes: &str, no: &str| if is { yes } else { no }.to_owned();
        let lines = [
            format!(
                "{}, {} processors, Linux {}; {}.",
                self.processor,
                self.processors,
                self.kernel,
                self.versions.join(", ")
            ),
            format!(
                "Medians of {} rounds, in brackets the quartiles; sides in turn within a round, ratios pair by pair.",
                self.rounds
            ),
            either(
                self.has_quotas,
                "CPU shares (memory ÷ 1769 MB of a vCPU) are kernel quotas with a period of 20 ms, from the first instruction on.",
                "CPU shares (memory ÷ 1769 MB of a vCPU) are computed, processor time ÷ share: no quota could be set here.",
            ),
            either(
                self.is_pinned,
                "What is measured has one processor, endpoints and clock the other.",
                "Nothing is pinned to a processor: there is one only, or no `taskset`.",
            ),
            either(
                self.has_system_roots,
                "The private authority stands in one file with the system's roots for those that parse such a file on Lambda.",
                "No file with the system's roots was found, so each side parses the private authority only.",
            ),
        ];
        lines.join("\n") + "\n"
    }
}

/// What an interpreter says of itself; a compiled function has its version in the lock file.
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

impl Results {
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, folder: &Path, sides: &[Side]) -> Result<()> {
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for (name, text) in [
            ("bench.json", json),
            ("bench.md", render(self, sides)),
            ("cold-start.svg", picture(&self.figures, sides)),
        ] {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}
