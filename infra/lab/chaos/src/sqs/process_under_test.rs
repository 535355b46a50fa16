use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytes::Bytes;
use harness::{Function, InvocationResult, SecretScanner, memory};

use crate::sqs::proxy::Proxy;
use crate::sqs::request::Caller;

/// A compiled function that is killed and restarted, and whose output is searched for secrets.
pub(crate) struct ProcessUnderTest {
    caller: Caller,
    binary: PathBuf,
    variables: Vec<(String, String)>,
    function: Option<Function>,
    scanner: SecretScanner,
    pub(crate) kills: u64,
    /// The number of secrets found in its output.
    pub(crate) leaked: u64,
    /// The highest peak of all its processes that were measured.
    pub(crate) peak_kib: u64,
}

/// How an invocation ended.
pub(crate) enum Invocation {
    Answered(InvocationResult),
    Killed,
}

impl ProcessUnderTest {
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
            peak_kib: 0,
        }
    }

    /// Starts the function if it does not run, and invokes it with `event`. It is killed when the proxy
    /// requests that.
    pub(crate) async fn invoke(
        &mut self,
        event: impl Into<Bytes>,
        proxy: &Proxy,
    ) -> Result<Invocation> {
        let function = match &mut self.function {
            Some(function) => function,
            none => {
                let binary = self.binary.to_str().context("the path of a binary is not UTF-8")?;
                none.insert(Function::start(binary, &self.variables).await?)
            }
        };
        tokio::select! {
            answer = function.invoke(event) => return answer.map(Invocation::Answered),
            () = proxy.kill_requested() => {}
        }
        self.kill()?;
        proxy.report_kill(self.caller).await;
        self.kills += 1;
        Ok(Invocation::Killed)
    }

    /// Kills the process (SIGKILL) and searches its output.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.measure();
        let Some(function) = self.function.take() else { return Ok(()) };
        let (out, error) = function.kill()?;
        self.leaked += self.scanner.count(&out) + self.scanner.count(&error);
        Ok(())
    }

    /// Measures the peak memory so far, and searches the title and arguments of the process for secrets.
    fn measure(&mut self) {
        let Some(function) = &mut self.function else { return };
        let id = function.child().id();
        self.peak_kib = self.peak_kib.max(memory(id).map_or(0, |memory| memory.peak / 1024));
        for file in ["cmdline", "comm"] {
            let text = std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            self.leaked += self.scanner.count(&String::from_utf8_lossy(&text));
        }
    }
}
