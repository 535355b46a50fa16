use std::io::{self, IsTerminal};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::output::complain;

/// Exit status of a program that SIGINT ended, as shells have it.
const INTERRUPTED: i32 = 128 + 2;

/// How long the end waits for somebody to read the output, and the interval between two looks at it.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(2);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// SIGINT (Ctrl-C) and SIGTERM, which end the process in order.
pub(crate) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// From now on the signals no longer end the process by themselves, unless nobody reads its output.
    pub(crate) fn listen() -> io::Result<Self> {
        Self::listen_and_end(false)
    }

    /// As [`listen`](Self::listen), but the second signal ends the process at once, whatever it waits for.
    /// Nothing is lost by that, as by any other end.
    pub(crate) fn listen_for_first() -> io::Result<Self> {
        Self::listen_and_end(true)
    }

    fn listen_and_end(at_second: bool) -> io::Result<Self> {
        // A thread of its own: a write that nobody reads holds up the others for as long.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _entered = runtime.enter();
            Self::of_runtime()?
        };
        let end = move || runtime.block_on(signals.end(at_second));
        thread::Builder::new().name("stop".to_owned()).spawn(end)?;
        Self::of_runtime()
    }

    fn of_runtime() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the first signal, and ends the process at the second, or when its output is read no more.
    async fn end(mut self, at_second: bool) {
        self.received().await;
        if at_second && io::stderr().is_terminal() {
            tokio::task::spawn_blocking(|| {
                complain!("certhooks: stopping in order; Ctrl-C again stops at once");
            });
        }
        tokio::select! {
            () = self.received(), if at_second => {}
            () = unread() => {}
        }
        std::process::exit(INTERRUPTED);
    }
}

/// Waits until the output was not read for some time: whatever is written to it then waits for ever.
async fn unread() {
    let mut last_read = Instant::now();
    while last_read.elapsed() < UNREAD_TIMEOUT {
        sleep(LOOK_INTERVAL).await;
        if takes_output() {
            last_read = Instant::now();
        }
    }
}

/// Whether a line can be written to standard output and to standard error without waiting for a reader.
fn takes_output() -> bool {
    let (out, error) = (io::stdout(), io::stderr());
    let mut both = [PollFd::new(&out, PollFlags::OUT), PollFd::new(&error, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // One whose reader is gone takes everything.
    poll(&mut both, Some(&at_once)).is_err() || both.iter().all(|one| !one.revents().is_empty())
}
