use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

/// The processor time of all current threads of a process, since their start.
///
/// # Errors
/// The process has ended, or the kernel does not count processor time.
pub fn cpu(process: u32) -> Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).context("the process has ended")?;
    let mut total = Duration::ZERO;
    for thread in threads {
        // A thread that has ended in the meantime is not counted.
        let Ok(counted) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let nanos = counted.split(' ').next().and_then(|nanos| nanos.parse().ok());
        total += Duration::from_nanos(nanos.context("/proc has no processor times")?);
    }
    Ok(total)
}

/// Pins all threads of a process to one processor. Returns whether that was possible, since it needs a second
/// processor and util-linux.
pub fn pin(process: u32, processor: usize) -> bool {
    processors() > 1 && keep_on(process, &processor.to_string())
}

/// Undoes [`pin`], also for processes that are started later.
pub fn unpin(process: u32) {
    keep_on(process, &format!("0-{}", processors().saturating_sub(1)));
}

pub(crate) fn processors() -> usize {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpus.lines().filter(|line| line.starts_with("processor")).count()
}

fn keep_on(process: u32, processors: &str) -> bool {
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-p", "-c", processors, &process.to_string()]);
    taskset.output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_is_measured() {
        assert!(!super::cpu(std::process::id()).unwrap().is_zero());
    }
}
