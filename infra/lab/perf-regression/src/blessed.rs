use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// What changes the figures without any change of ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tools {
    pub rustc: String,
    pub valgrind: String,
    /// Crypto code is chosen by it.
    pub processor: String,
}

/// The committed figures.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Blessed {
    pub tools: Tools,
    /// Instructions, by function.
    pub functions: BTreeMap<String, u64>,
}

impl Blessed {
    /// # Errors
    /// There is no such file, or it is no such JSON.
    pub fn read(file: &Path) -> Result<Self> {
        let name = || format!("{}: bless the figures first (`make perf-baseline`)", file.display());
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
    /// # Errors
    /// One of them is not on this machine; says what to install.
    pub fn here() -> Result<Self> {
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
    let told = Command::new(program).arg("--version").output();
    let told = told.with_context(|| format!("`make perf-regression` needs {program}: {advice}"))?;
    ensure!(told.status.success(), "{program} --version: {}", told.status);
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}
