use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytes::Bytes;
use harness::{Function, InvocationResult};

use crate::latency::Passages;
use crate::memory::peak_kib;
use crate::sqs::proxy::Proxy;
use crate::sqs::wire::Caller;
use harness::SecretScanner;

/// A compiled function that is killed and started again, and whose output is searched.
pub(crate) struct Victim {
    caller: Caller,
    binary: PathBuf,
    variables: Vec<(String, String)>,
    function: Option<Function>,
    scanner: SecretScanner,
    pub(crate) kills: u64,
    /// Secrets in what it wrote.
    pub(crate) leaked: u64,
    pub(crate) passages: Passages,
    /// Of all its processes, so far as they were asked.
    pub(crate) peak_kib: u64,
}

/// What came of an invocation.
pub(crate) enum Ended {
    Answered(InvocationResult),
    Killed,
}

impl Victim {
    pub(crate) fn new(
        caller: Caller,
        binary: &Path,
        variables: Vec<(String, String)>,
        scanner: SecretScanner,
    ) -> Self {
        let binary = binary.to_owned();
        Self {
            caller,
            binary,
            variables,
            function: None,
            scanner,
            kills: 0,
            leaked: 0,
            passages: Passages::default(),
            peak_kib: 0,
        }
    }

    /// Starts it if it is dead, and hands it `event`. Killed when the proxy says so.
    pub(crate) async fn invoke(&mut self, event: impl Into<Bytes>, proxy: &Proxy) -> Result<Ended> {
        let function = match &mut self.function {
            Some(function) => function,
            none => {
                let binary = self.binary.to_str().context("the path of a binary is not UTF-8")?;
                none.insert(Function::start(binary, &self.variables).await?)
            }
        };
        tokio::select! {
            answer = function.invoke(event) => return answer.map(Ended::Answered),
            () = proxy.crash() => {}
        }
        self.kill()?;
        proxy.crashed(self.caller).await;
        self.kills += 1;
        Ok(Ended::Killed)
    }

    /// `kill -9`; its output is searched.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.measure();
        let Some(function) = self.function.take() else { return Ok(()) };
        let (out, error) = function.kill()?;
        self.leaked += self.scanner.count(&out) + self.scanner.count(&error);
        for line in error.lines() {
            self.passages.read(&serde_json::from_str(line).unwrap_or_default());
        }
        Ok(())
    }

    /// Its peak memory so far, and whether its title or arguments say too much.
    pub(crate) fn measure(&mut self) {
        let Some(function) = &mut self.function else { return };
        let id = function.child().id();
        self.peak_kib = self.peak_kib.max(peak_kib(id));
        for file in ["cmdline", "comm"] {
            let text = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            self.leaked += self.scanner.count(&String::from_utf8_lossy(&text));
        }
    }
}
