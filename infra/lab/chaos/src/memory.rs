/// The most resident memory that a process ever had, in KiB; 0 when it is gone.
pub(crate) fn peak_kib(process: u32) -> u64 {
    field(process, "VmHWM:")
}

/// The resident memory of a process now, in KiB; 0 when it is gone.
pub(crate) fn resident_kib(process: u32) -> u64 {
    field(process, "VmRSS:")
}

/// Of `/proc/PID/status` (proc_pid_status(5)).
fn field(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
