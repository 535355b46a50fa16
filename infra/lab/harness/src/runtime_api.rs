use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

/// The trace of every invocation, as X-Ray's header has it.
const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// The result of an invocation.
#[derive(Debug)]
pub enum InvocationResult {
    /// The body that the function posted to `/response`.
    Response(Value),
    /// The body that the function posted to `/error`: the invocation failed.
    Error(Value),
}

/// An invocation's result, with the start and the end of the time that Lambda bills.
#[derive(Debug)]
pub struct TimedInvocation {
    pub result: InvocationResult,
    /// When the function received the event.
    pub invoked_at: Instant,
    /// When the whole result had arrived.
    pub answered_at: Instant,
}

/// The Lambda Runtime API for one function.
pub(crate) struct RuntimeApi {
    /// Request ids and events of invocations that the function has not fetched.
    pending: Mutex<VecDeque<(String, Bytes)>>,
    arrived: Notify,
    /// When the function fetched the current invocation.
    invoked_at: Mutex<Instant>,
    results: mpsc::UnboundedSender<(String, TimedInvocation)>,
}

impl RuntimeApi {
    /// Returns the API, and the receiver of each result with the request id of its invocation.
    pub(crate) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<(String, TimedInvocation)>) {
        let (results, receiver) = mpsc::unbounded_channel();
        let api = Self {
            pending: Mutex::default(),
            arrived: Notify::new(),
            invoked_at: Mutex::new(Instant::now()),
            results,
        };
        (Arc::new(api), receiver)
    }

    /// Adds an invocation, which the function fetches with its next request.
    pub(crate) fn enqueue(&self, id: String, event: Bytes) {
        self.lock().push_back((id, event));
        self.arrived.notify_one();
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(result))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(self)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Bytes)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> (String, Bytes) {
        loop {
            let arrived = self.arrived.notified();
            if let Some(next) = self.lock().pop_front() {
                *self.invoked_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                return next;
            }
            arrived.await;
        }
    }

    fn complete(&self, id: String, result: impl FnOnce() -> InvocationResult) -> StatusCode {
        let answered_at = Instant::now();
        let invoked_at = *self.invoked_at.lock().unwrap_or_else(PoisonError::into_inner);
        // The receiver does not exist any more once the test has ended.
        let invocation = TimedInvocation { result: result(), invoked_at, answered_at };
        let _ = self.results.send((id, invocation));
        StatusCode::ACCEPTED
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
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
        ("lambda-runtime-trace-id", TRACE.to_owned()),
    ];
    (headers, event).into_response()
}

/// The outcome is `response` or `error`.
async fn result(
    State(api): State<Arc<RuntimeApi>>,
    Segment((id, outcome)): Segment<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let is_error = outcome == "error";
    let result = if is_error { InvocationResult::Error } else { InvocationResult::Response };
    api.complete(id, || result(json(&body)))
}

async fn init_error(State(api): State<Arc<RuntimeApi>>, body: Bytes) -> StatusCode {
    api.complete("init".to_owned(), || InvocationResult::Error(json(&body)))
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
