use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;

/// An API whose answers a test defines, for answers that the simulator does not give.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) base: String,
    calls: Arc<Mutex<Vec<Call>>>,
    answer: Arc<Answer>,
}

/// Status and body.
type Answer = dyn Fn(&Call) -> (u16, Value) + Send + Sync;

#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Method and path with its query, below the base.
    pub(super) line: String,
    pub(super) body: Value,
}

impl Api {
    pub(super) async fn start(
        answer: impl Fn(&Call) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let api = Self { base, calls: Arc::default(), answer: Arc::new(answer) };
        let router = Router::new().fallback(reply).with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        api
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

async fn reply(State(api): State<Api>, request: Request) -> (StatusCode, Bytes) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let call = Call { line: format!("{} {}", parts.method, parts.uri), body };
    let (status, answer) = (api.answer)(&call);
    api.calls.lock().unwrap().push(call);
    let body = if answer.is_null() { String::new() } else { answer.to_string() };
    (StatusCode::from_u16(status).unwrap(), body.into())
}
