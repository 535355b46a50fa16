use std::io::{self, IsTerminal};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output::complain;

/// Exit status of a program that SIGINT ended, as shells have it.
const INTERRUPTED: i32 = 128 + 2;

/// SIGINT (Ctrl-C) and SIGTERM, which end the process in order.
pub(crate) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// From now on the signals no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// As [`listen`](Self::listen), but the second signal ends the process at once, whatever it waits for.
    /// Nothing is lost by that, as by any other end.
    pub(crate) fn listen_for_first() -> io::Result<Self> {
        let mut signals = Self::listen()?;
        tokio::spawn(async move {
            signals.received().await;
            if io::stderr().is_terminal() {
                complain!("certhooks: stopping in order; Ctrl-C again stops at once");
            }
            signals.received().await;
            std::process::exit(INTERRUPTED);
        });
        Self::listen()
    }

    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
