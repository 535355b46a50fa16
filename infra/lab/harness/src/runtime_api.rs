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

/// The Runtime API of one function.
pub(crate) struct Api {
    waiting: Mutex<VecDeque<(String, Bytes)>>,
    arrived: Notify,
    /// When the event under way was handed over.
    handed: Mutex<Instant>,
    answers: mpsc::UnboundedSender<(String, Timed)>,
}

impl Api {
    /// With the other end, at which each answer arrives with the id of its invocation.
    pub(crate) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<(String, Timed)>) {
        let (answers, arriving) = mpsc::unbounded_channel();
        let api = Self {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            handed: Mutex::new(Instant::now()),
            answers,
        };
        (Arc::new(api), arriving)
    }

    /// An event for the next time that the function asks.
    pub(crate) fn hand(&self, id: String, event: Bytes) {
        self.lock().push_back((id, event));
        self.arrived.notify_one();
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(self)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, Bytes)>> {
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
