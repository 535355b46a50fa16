use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::process::Process;

/// How long a function may take with one event, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a function made of an invocation.
#[derive(Debug)]
pub enum Answer {
    Response(Value),
    /// The function's own word that this invocation failed.
    Error(Value),
}

/// A compiled function with a Runtime API of its own
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
pub struct Function {
    api: Arc<Api>,
    answers: mpsc::UnboundedReceiver<(String, Answer)>,
    invocations: usize,
    /// Ends with this.
    _serving: JoinSet<()>,
    process: Process,
    /// Standard output and standard error, read all the time: a full pipe would stop the function.
    written: [thread::JoinHandle<String>; 2],
}

struct Api {
    waiting: Mutex<VecDeque<(String, Bytes)>>,
    arrived: Notify,
    answers: mpsc::UnboundedSender<(String, Answer)>,
}

impl Function {
    /// Starts `binary` with these variables, the ones that Lambda sets, and no others.
    pub async fn start(binary: &str, variables: &[(String, String)]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (sender, answers) = mpsc::unbounded_channel();
        let api =
            Arc::new(Api { waiting: Mutex::default(), arrived: Notify::new(), answers: sender });
        let router = router(Arc::clone(&api));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // `serve` retries what fails in accepting and returns no other error.
            let _ = axum::serve(listener, router).await;
        });
        let mut process = Process::start(&mut command(binary, &address, variables))?;
        let child = process.child();
        let out = child.stdout.take().context("no standard output")?;
        let error = child.stderr.take().context("no standard error")?;
        let written = [collect(out), collect(error)];
        Ok(Self { api, answers, invocations: 0, _serving: serving, process, written })
    }

    /// Hands in one event, and waits for what becomes of it.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Result<Answer> {
        self.invocations += 1;
        let id = format!("invocation-{}", self.invocations);
        self.api.lock().push_back((id.clone(), event.into()));
        self.api.arrived.notify_one();
        let answer = tokio::time::timeout(PATIENCE, self.answers.recv()).await;
        let (answered, answer) =
            answer.context("the function did not answer")?.context("the API is gone")?;
        anyhow::ensure!(answered == id, "{answered} was answered, not {id}");
        Ok(answer)
    }

    /// Its process id.
    pub fn id(&mut self) -> u32 {
        self.process.child().id()
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
        let text = |written: thread::JoinHandle<String>| {
            written.join().map_err(|_panic| anyhow::anyhow!("its output was not read"))
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
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
        .env("AWS_LAMBDA_FUNCTION_NAME", name(binary))
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
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

impl Api {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(String, Bytes)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> (String, Bytes) {
        loop {
            let arrived = self.arrived.notified();
            if let Some(next) = self.lock().pop_front() {
                return next;
            }
            arrived.await;
        }
    }

    fn answered(&self, id: String, answer: Answer) -> StatusCode {
        // Nobody waits once the test has ended.
        let _ = self.answers.send((id, answer));
        StatusCode::ACCEPTED
    }
}

fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let (id, event) = api.next().await;
    let deadline =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(30);
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:0:function:f".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(
    State(api): State<Arc<Api>>,
    Segment(id): Segment<String>,
    body: Bytes,
) -> StatusCode {
    api.answered(id, Answer::Response(json(&body)))
}

async fn error(
    State(api): State<Arc<Api>>,
    Segment(id): Segment<String>,
    body: Bytes,
) -> StatusCode {
    api.answered(id, Answer::Error(json(&body)))
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
