use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::cost::Cost;
use crate::figures::Figures;
use crate::side::Side;
use crate::stage::Stage;
use crate::targets::Target;

/// The results of a run, as they are in `bench.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    pub method: Method,
    pub targets: Vec<Target>,
    pub costs: Vec<Cost>,
    pub figures: Vec<Figures>,
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
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let lines = |name: &'static str| cpus.lines().filter(move |line| line.starts_with(name));
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
            has_quotas: stage.cpu_quota.can_limit(),
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
                "Medians of {} rounds, with the quartiles in brackets. The sides take turns within a round, and ratios are of pairs.",
                self.rounds
            ),
            either(
                self.has_quotas,
                "CPU shares (memory ÷ 1769 MB of a vCPU) are kernel quotas with a period of 20 ms, from the first instruction on.",
                "CPU shares (memory ÷ 1769 MB of a vCPU) are computed, processor time ÷ share: no quota could be set on this machine.",
            ),
            either(
                self.is_pinned,
                "The measured program has one processor, and the endpoints and the clock have the other.",
                "Nothing is pinned to a processor, because there is only one or `taskset` is missing.",
            ),
            either(
                self.has_system_roots,
                "The private authority is in one file with the system's roots for the sides that parse such a file on Lambda.",
                "No file with the system's roots was found, so each side parses only the private authority.",
            ),
        ];
        lines.join("\n") + "\n"
    }
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
