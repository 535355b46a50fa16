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
use crate::runtime_api::{Answer, Api, Timed};

/// How long a function may take with one event, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A compiled function with a Runtime API of its own
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
pub struct Function {
    api: Arc<Api>,
    answers: mpsc::UnboundedReceiver<(String, Timed)>,
    invocations: usize,
    /// Ends with this.
    _serving: JoinSet<()>,
    process: Process,
    /// Standard output and standard error, read all the time: a full pipe would stop the function.
    written: [Option<thread::JoinHandle<String>>; 2],
}

impl Function {
    /// Starts `binary` with these variables, the ones that Lambda sets, and no others.
    pub async fn start(binary: &str, variables: &[(String, String)]) -> Result<Self> {
        Self::launch(|address| command(binary, address, variables)).await
    }

    /// Starts what `command` makes of the Runtime API's address.
    pub async fn launch(command: impl FnOnce(&str) -> Command) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        // Small answers must not wait for the function's delayed ACK: benchmarks run against this.
        let listener = listener.tap_io(|stream| {
            // An error means that the function is gone, which the first read will tell.
            let _ = stream.set_nodelay(true);
        });
        let (api, answers) = Api::new();
        let router = Arc::clone(&api).router();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // `serve` retries what fails in accepting and returns no other error.
            let _ = axum::serve(listener, router).await;
        });
        let mut process = Process::start(&mut command(&address))?;
        let child = process.child();
        let out = child.stdout.take().map(collect);
        let error = child.stderr.take().map(collect);
        let written = [out, error];
        Ok(Self { api, answers, invocations: 0, _serving: serving, process, written })
    }

    pub fn child(&mut self) -> &mut Child {
        self.process.child()
    }

    /// Hands in one event, and waits for what becomes of it.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Result<Answer> {
        Ok(self.timed(event).await?.answer)
    }

    /// As [`invoke`](Self::invoke), with the time that it took.
    pub async fn timed(&mut self, event: impl Into<Bytes>) -> Result<Timed> {
        self.invocations += 1;
        let id = format!("invocation-{}", self.invocations);
        self.api.hand(id.clone(), event.into());
        let answer = tokio::time::timeout(PATIENCE, self.answers.recv()).await;
        let (answered, answer) =
            answer.context("the function did not answer")?.context("the API is gone")?;
        anyhow::ensure!(answered == id, "{answered} was answered, not {id}: {:?}", answer.answer);
        Ok(answer)
    }

    /// What the function wrote to standard output and to standard error, after ending it.
    pub async fn stop(self) -> Result<(String, String)> {
        // What it writes after its last answer.
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.kill()
    }

    /// As [`stop`](Self::stop), but at once: `kill -9`, whatever is under way.
    pub fn kill(mut self) -> Result<(String, String)> {
        self.process.child().kill()?;
        self.process.child().wait()?;
        let [out, error] = self.written;
        let text = |written: Option<thread::JoinHandle<String>>| match written {
            Some(written) => {
                written.join().map_err(|_panic| anyhow::anyhow!("its output was not read"))
            }
            None => Ok(String::new()),
        };
        Ok((text(out)?, text(error)?))
    }
}

/// Runs `binary` until it ends by itself, as it must where its start fails. Answers whether that was
/// a success, and its standard error.
pub async fn refused_start(binary: &str, variables: &[(String, String)]) -> Result<(bool, String)> {
    let command = command(binary, "127.0.0.1:9", variables).output();
    let output = command.with_context(|| format!("{binary} does not start"))?;
    Ok((output.status.success(), String::from_utf8(output.stderr)?))
}

fn command(binary: &str, runtime_api: &str, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(lambda_variables(&name(binary), runtime_api))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What Lambda sets for a function.
pub fn lambda_variables(function: &str, runtime_api: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO".to_owned()),
    ]
}

fn name(binary: &str) -> String {
    Path::new(binary).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads to the end, which is that of the process.
fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before a fault is what there is.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
