use std::time::Duration;

/// The processor time of this thread so far. Unlike the wall clock it does not depend on what else the
/// machine does. First figure of `/proc/thread-self/schedstat`, in nanoseconds
/// (<https://docs.kernel.org/scheduler/sched-stats.html>).
pub(crate) fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
