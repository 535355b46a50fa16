/// The peak resident memory of a process, in KiB; 0 if it has ended.
pub(crate) fn peak_kib(process: u32) -> u64 {
    field(process, "VmHWM:")
}

/// The current resident memory of a process, in KiB; 0 if it has ended.
pub(crate) fn resident_kib(process: u32) -> u64 {
    field(process, "VmRSS:")
}

/// A field of `/proc/PID/status` (proc_pid_status(5)).
fn field(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
