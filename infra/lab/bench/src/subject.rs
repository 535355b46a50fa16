use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use harness::{Function, TimedInvocation};

use crate::event::Event;
use crate::process;
use crate::side::Side;
use crate::stage::{MEASURED, Stage};

/// A side that was started or waits at the gate.
pub(crate) struct Subject {
    function: Function,
    process: u32,
    /// The processor time that the gate used.
    gate: Duration,
    log: std::path::PathBuf,
}

/// An acknowledged webhook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledged {
    /// The time since the start of the program.
    pub(crate) since_start: Duration,
    /// The time since the invocation, which Lambda bills.
    pub(crate) billed: Duration,
}

impl Subject {
    /// Starts the gate, on its processor and with the CPU quota. [`go`](Self::go) opens it.
    pub(crate) async fn at_gate(
        side: &Side,
        stage: &Stage,
        variables: &[(String, String)],
    ) -> Result<Self> {
        let mut command = Ok(());
        let function = Function::launch(|address| {
            stage.command(side, address, variables).unwrap_or_else(|error| {
                command = Err(error);
                std::process::Command::new("/bin/false")
            })
        });
        let mut function = function.await?;
        command?;
        let process = function.child().id();
        process::pin(process, MEASURED);
        stage.cpu_quota.admit(process)?;
        Ok(Self { function, process, gate: process::cpu(process)?, log: stage.log(side) })
    }

    /// Opens the gate, so that the program starts. Returns the time of the start.
    pub(crate) fn go(&mut self) -> Result<Instant> {
        let mut gate =
            self.function.child().stdin.take().context("the gate has already been opened")?;
        let began = Instant::now();
        gate.write_all(b"\n")?;
        Ok(began)
    }

    /// Invokes the side with a webhook. Fails unless it was acknowledged and is on the queue.
    pub(crate) async fn webhook(
        &mut self,
        event: &Event,
        stage: &Stage,
        began: Instant,
    ) -> Result<Acknowledged> {
        let timed = self.invoke(event.invocation.clone()).await?;
        event.check(&timed.result, &stage.endpoints.take_messages())?;
        Ok(Acknowledged {
            since_start: timed.answered_at - began,
            billed: timed.answered_at - timed.invoked_at,
        })
    }

    pub(crate) async fn invoke(&mut self, invocation: String) -> Result<TimedInvocation> {
        let answered = self.function.invoke_timed(invocation).await;
        answered.with_context(|| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            format!("the last lines of its log: {last:?}")
        })
    }

    pub(crate) fn cpu(&self) -> Result<Duration> {
        Ok(process::cpu(self.process)?.saturating_sub(self.gate))
    }

    pub(crate) fn memory(&self) -> Result<harness::Memory> {
        harness::memory(self.process)
    }
}
