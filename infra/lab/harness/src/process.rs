use std::path::PathBuf;
use std::process::{Child, Command};

use anyhow::{Context, Result, ensure};

/// The path of a compiled program of this workspace, in the folder of the running test.
///
/// # Errors
/// It does not exist: if the test is run alone, cargo does not build the programs of other packages.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder =
        test.parent().and_then(|deps| deps.parent()).context("the test's program has no folder")?;
    let path = folder.join(name);
    ensure!(path.exists(), "{} is missing: run `make test-rust`, which builds it", path.display());
    Ok(path)
}

/// The peak and the current memory of a process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub peak: u64,
    pub now: u64,
}

/// Reads the memory of a process from `/proc/PID/status` (proc_pid_status(5)).
///
/// # Errors
/// The process has ended.
pub fn memory(process: u32) -> Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.context("the process has ended")?;
    Ok(Memory { peak: kilobytes(&status, "VmHWM")?, now: kilobytes(&status, "VmRSS")? })
}

fn kilobytes(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(number.with_context(|| format!("/proc/…/status has no {name}"))? * 1024)
}

/// A child process that is killed when this is dropped.
pub struct Process(Child);

impl Process {
    /// # Errors
    /// The program cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).with_context(|| format!("{program} does not start"))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::{kilobytes, memory};

    #[test]
    fn this_process_is_measured() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.now > 0 && memory.peak >= memory.now, "{memory:?}");
        assert_eq!(
            kilobytes("VmPeak:\t 9 kB\nVmHWM:\t    1696 kB\n", "VmHWM").unwrap(),
            1696 * 1024
        );
        assert!(kilobytes("VmHWM: many", "VmHWM").is_err());
    }
}
