use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A webhook listener that answers with a status code that the test sets.
pub(crate) struct Listener {
    pub(crate) url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    code: AtomicU16,
    token: Mutex<Option<String>>,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        shared.code.store(200, Ordering::Relaxed);
        let router = Router::new().fallback(receive).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, serving }
    }

    pub(crate) fn answer(&self, code: u16) {
        self.shared.code.store(code, Ordering::Relaxed);
    }

    /// The token of the last challenge.
    pub(crate) fn token(&self) -> String {
        self.shared.token.lock().unwrap().clone().unwrap()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let event: Value = serde_json::from_slice(&body).unwrap();
    if let Some(token) = event["data"]["token"].as_str() {
        *shared.token.lock().unwrap() = Some(token.to_owned());
    }
    StatusCode::from_u16(shared.code.load(Ordering::Relaxed)).unwrap()
}
