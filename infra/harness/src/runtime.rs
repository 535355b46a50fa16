use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
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

/// An answer, with the moments that Lambda bills between.
#[derive(Debug)]
pub struct Timed {
    pub answer: Answer,
    /// When the function got the event.
    pub handed: Instant,
    /// When its answer was there whole.
    pub answered: Instant,
}

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

struct Api {
    waiting: Mutex<VecDeque<(String, Bytes)>>,
    arrived: Notify,
    /// When the event under way was handed over.
    handed: Mutex<Instant>,
    answers: mpsc::UnboundedSender<(String, Timed)>,
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
        let (sender, answers) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            handed: Mutex::new(Instant::now()),
            answers: sender,
        });
        let router = router(Arc::clone(&api));
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
        self.api.lock().push_back((id.clone(), event.into()));
        self.api.arrived.notify_one();
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

impl Api {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(String, Bytes)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> (String, Bytes) {
        loop {
            let arrived = self.arrived.notified();
            if let Some(next) = self.lock().pop_front() {
                *self.handed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                return next;
            }
            arrived.await;
        }
    }

    fn answered(&self, id: String, answer: impl FnOnce() -> Answer) -> StatusCode {
        let answered = Instant::now();
        let handed = *self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits once the test has ended.
        let _ = self.answers.send((id, Timed { answer: answer(), handed, answered }));
        StatusCode::ACCEPTED
    }
}

fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let (id, event) = api.next().await;
    let deadline =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(30);
    let headers = [
        ("content-type", "application/json".to_owned()),
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
    api.answered(id, || Answer::Response(json(&body)))
}

async fn error(
    State(api): State<Arc<Api>>,
    Segment(id): Segment<String>,
    body: Bytes,
) -> StatusCode {
    api.answered(id, || Answer::Error(json(&body)))
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    api.answered("the start".to_owned(), || Answer::Error(json(&body)))
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
