use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::runtime_api::{InvocationResult, RuntimeApi, TimedInvocation};

/// Maximum duration of one invocation, on a busy machine.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(60);

/// A running function with a Lambda Runtime API of its own
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
pub struct Function {
    api: Arc<RuntimeApi>,
    results: mpsc::UnboundedReceiver<(String, TimedInvocation)>,
    invocations: usize,
    /// The server of the Runtime API, which ends when this is dropped.
    _server: JoinSet<()>,
    process: Process,
    /// Standard output and standard error. Threads read them continuously, since a full pipe would
    /// block the function.
    output: [Option<thread::JoinHandle<String>>; 2],
}

impl Function {
    /// Starts `binary` with these environment variables and those that Lambda sets, and no others.
    pub async fn start(binary: &str, variables: &[(String, String)]) -> Result<Self> {
        Self::launch(|address| command(binary, address, variables)).await
    }

    /// Starts the command that `command` builds from the address of the Runtime API.
    pub async fn launch(command: impl FnOnce(&str) -> Command) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        // Without Nagle's algorithm, so that small responses do not wait for the function's delayed
        // ACK: benchmarks use this.
        let listener = listener.tap_io(|stream| {
            // An error means that the function has ended, which the first read reports.
            let _ = stream.set_nodelay(true);
        });
        let (api, results) = RuntimeApi::new();
        let router = Arc::clone(&api).router();
        let mut server = JoinSet::new();
        server.spawn(async move {
            // `serve` retries failed accepts and returns no other error.
            let _ = axum::serve(listener, router).await;
        });
        let mut process = Process::start(&mut command(&address))?;
        let child = process.child();
        let stdout = child.stdout.take().map(read_to_end);
        let stderr = child.stderr.take().map(read_to_end);
        let output = [stdout, stderr];
        Ok(Self { api, results, invocations: 0, _server: server, process, output })
    }

    pub fn child(&mut self) -> &mut Child {
        self.process.child()
    }

    /// Invokes the function with one event, and waits for the result.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Result<InvocationResult> {
        Ok(self.invoke_timed(event).await?.result)
    }

    /// As [`invoke`](Self::invoke), with the times of the invocation.
    pub async fn invoke_timed(&mut self, event: impl Into<Bytes>) -> Result<TimedInvocation> {
        self.invocations += 1;
        let id = format!("invocation-{}", self.invocations);
        self.api.enqueue(id.clone(), event.into());
        let received = tokio::time::timeout(INVOCATION_TIMEOUT, self.results.recv()).await;
        let (answered, invocation) = received
            .context("the function did not answer")?
            .context("the Runtime API has stopped")?;
        anyhow::ensure!(
            answered == id,
            "{answered} was answered, not {id}: {:?}",
            invocation.result
        );
        Ok(invocation)
    }

    /// Ends the function, and returns its standard output and standard error.
    pub async fn stop(self) -> Result<(String, String)> {
        // Wait for output that follows its last answer.
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.kill()
    }

    /// As [`stop`](Self::stop), but kills the function at once (`kill -9`).
    pub fn kill(mut self) -> Result<(String, String)> {
        self.process.child().kill()?;
        self.process.child().wait()?;
        let [stdout, stderr] = self.output;
        let text = |reader: Option<thread::JoinHandle<String>>| match reader {
            Some(reader) => {
                reader.join().map_err(|_panic| anyhow::anyhow!("reading its output failed"))
            }
            None => Ok(String::new()),
        };
        Ok((text(stdout)?, text(stderr)?))
    }
}

/// Runs `binary` until it ends by itself, as it must if its start fails. Returns whether its exit
/// status was a success, and its standard error.
pub async fn failed_start(binary: &str, variables: &[(String, String)]) -> Result<(bool, String)> {
    let command = command(binary, "127.0.0.1:9", variables).output();
    let output = command.with_context(|| format!("{binary} does not start"))?;
    Ok((output.status.success(), String::from_utf8(output.stderr)?))
}

fn command(binary: &str, runtime_api: &str, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(lambda_variables(&function_name(binary), runtime_api))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The environment variables that Lambda sets for a function.
pub fn lambda_variables(function: &str, runtime_api: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO".to_owned()),
    ]
}

fn function_name(binary: &str) -> String {
    Path::new(binary).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads in a thread until the process ends.
fn read_to_end(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // After an error, the part that was read is returned.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
