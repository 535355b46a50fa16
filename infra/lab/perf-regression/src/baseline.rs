use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// The tools that change the counts although nothing in this repository changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tools {
    pub rustc: String,
    pub valgrind: String,
    /// The crypto code that runs is chosen by the processor.
    pub processor: String,
}

/// The committed instruction counts, and the tools with which they were taken.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Baseline {
    pub tools: Tools,
    /// Instructions by function.
    pub functions: BTreeMap<String, u64>,
}

impl Baseline {
    /// # Errors
    /// The file does not exist, or is not a baseline in JSON.
    pub fn read(file: &Path) -> Result<Self> {
        let name = || format!("{}: write it first with `make perf-baseline`", file.display());
        let text = fs::read_to_string(file).with_context(name)?;
        serde_json::from_str(&text).with_context(name)
    }

    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(file, text).with_context(|| file.display().to_string())
    }
}

impl Tools {
    /// The tools of this machine.
    ///
    /// # Errors
    /// One of them is missing; the message says what to install.
    pub fn installed() -> Result<Self> {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find(|line| line.starts_with("model name"));
        let processor = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown");
        Ok(Self {
            rustc: version("rustc", "it comes with rustup")?,
            valgrind: version("valgrind", "install it from your system's packages")?,
            processor: processor.trim().to_owned(),
        })
    }
}

fn version(program: &str, advice: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output =
        output.with_context(|| format!("`make perf-regression` needs {program}: {advice}"))?;
    ensure!(output.status.success(), "{program} --version: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
