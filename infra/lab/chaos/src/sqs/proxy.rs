use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::sqs::action::{Action, Fault};
use crate::sqs::observed_request::ObservedRequest;
use crate::sqs::request::{Caller, PROVIDERS, RequestInfo, Service, Step, halved, with_failed};
use crate::sqs::trace::{Outcome, Trace};

/// Within this time, the last requests of a killed function have been forwarded.
const SETTLE_TIME: Duration = Duration::from_millis(10);

/// Decides what the proxy does with a request.
pub(crate) type Policy = Box<dyn FnMut(Caller, &RequestInfo) -> Action + Send>;

/// The proxy between the compiled functions and everything that they call.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    addresses: [String; 2],
    /// Serving ends when this is dropped.
    _serving: JoinSet<()>,
}

struct Shared {
    http: Client,
    emulator: String,
    simulator: String,
    policy: Mutex<Policy>,
    trace: Mutex<Trace>,
    kill_requested: Notify,
    killed: Notify,
}

/// The state of the listener for one caller.
#[derive(Clone)]
struct ListenerState {
    caller: Caller,
    shared: Arc<Shared>,
}

impl Proxy {
    /// `emulator` and `simulator` are base URLs without a path.
    pub(crate) async fn start(emulator: &str, simulator: &str) -> Result<Self> {
        let shared = Arc::new(Shared {
            http: Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(5)).build()?,
            emulator: emulator.to_owned(),
            simulator: simulator.to_owned(),
            policy: Mutex::new(Box::new(|_, _| Action::Forward)),
            trace: Mutex::default(),
            kill_requested: Notify::new(),
            killed: Notify::new(),
        });
        let mut serving = JoinSet::new();
        let mut addresses = [String::new(), String::new()];
        for (address, caller) in addresses.iter_mut().zip([Caller::Webhook, Caller::Worker]) {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            *address = format!("http://{}", listener.local_addr()?);
            let state = ListenerState { caller, shared: Arc::clone(&shared) };
            let router = Router::new().fallback(handle).with_state(state);
            serving.spawn(async move {
                // `serve` retries failed accepts and returns no other error.
                let _ = axum::serve(listener, router).await;
            });
        }
        Ok(Self { shared, addresses, _serving: serving })
    }

    pub(crate) fn address(&self, caller: Caller) -> &str {
        &self.addresses[usize::from(caller == Caller::Worker)]
    }

    /// The address for the worker of a provider that the simulator has at `base`.
    pub(crate) fn provider_base(&self, base: &str) -> String {
        let path = base.strip_prefix(&self.shared.simulator).unwrap_or_default();
        format!("{}{PROVIDERS}{path}", self.address(Caller::Worker))
    }

    pub(crate) fn set_policy(&self, policy: Policy) {
        *lock(&self.shared.policy) = policy;
    }

    pub(crate) fn trace(&self) -> MutexGuard<'_, Trace> {
        self.shared.trace()
    }

    /// Returns when the policy wants a function killed. The request then waits for
    /// [`report_kill`](Self::report_kill).
    pub(crate) async fn kill_requested(&self) {
        self.shared.kill_requested.notified().await;
    }

    /// Reports that the function was killed. Returns when its last requests have been forwarded.
    pub(crate) async fn report_kill(&self, caller: Caller) {
        self.shared.killed.notify_waiters();
        tokio::time::sleep(SETTLE_TIME).await;
        if caller == Caller::Worker {
            self.trace().killed();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn handle(State(state): State<ListenerState>, incoming: Request) -> Response {
    let (parts, body) = incoming.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return closed() };
    let request = RequestInfo::of(state.caller, &parts, &body);
    let action = (lock(&state.shared.policy))(state.caller, &request);
    let shared = state.shared;
    let observed = ObservedRequest::begin(&shared.trace, &request);
    let response = match action {
        Action::Forward => shared.forward(&parts, body, &request).await,
        Action::KillBefore => shared.kill(request.step, "before").await,
        Action::KillAfter => {
            let _unused_response = shared.forward(&parts, body, &request).await;
            shared.kill(request.step, "after").await
        }
        Action::Fault(fault) => shared.fail(fault, &parts, body, &request).await,
    };
    observed.end(match &response {
        Some(response) if response.status().is_success() => Outcome::Done,
        Some(_) => Outcome::Refused,
        None => Outcome::Lost,
    });
    response.unwrap_or_else(closed)
}

/// The methods return `None` where the caller gets no response.
impl Shared {
    pub(crate) fn trace(&self) -> MutexGuard<'_, Trace> {
        lock(&self.trace)
    }

    async fn kill(&self, step: Step, when: &str) -> Option<Response> {
        let killed = self.killed.notified();
        self.trace().count(format!("{when} {}", step.name()));
        self.kill_requested.notify_one();
        killed.await;
        None
    }

    async fn fail(
        &self,
        fault: Fault,
        parts: &Parts,
        body: Bytes,
        request: &RequestInfo,
    ) -> Option<Response> {
        {
            let mut trace = self.trace();
            trace.faults += 1;
            trace.count(fault.name().to_owned());
        }
        if let Some(refusal) = fault.refusal(request.service) {
            return Some(refusal);
        }
        let response = match fault {
            Fault::Reset => return None,
            Fault::Partial => self.forward_half(parts, body, request).await,
            _ => self.forward(parts, body, request).await,
        };
        tokio::time::sleep(fault.pause()).await;
        response.filter(|_| !fault.hides_success())
    }

    /// Forwards the even messages of a batch, and reports the odd ones as failed.
    async fn forward_half(
        &self,
        parts: &Parts,
        body: Bytes,
        request: &RequestInfo,
    ) -> Option<Response> {
        let Some((half, failed)) = halved(&body) else {
            return self.forward(parts, body, request).await;
        };
        let (mut head, body) = self.forward(parts, half.into(), request).await?.into_parts();
        let body = to_bytes(body, usize::MAX).await.ok()?;
        head.headers.remove(CONTENT_LENGTH);
        // The checksum is that of the response before the change.
        head.headers.remove("x-amz-crc32");
        Some(Response::from_parts(head, Body::from(with_failed(&body, &failed)?)))
    }

    async fn forward(&self, parts: &Parts, body: Bytes, request: &RequestInfo) -> Option<Response> {
        if let (Step::Publish, Some(id)) = (request.step, &request.id) {
            self.trace().publishing(id, request.call.as_deref());
        }
        let uri = parts.uri.to_string();
        let url = match uri.strip_prefix(PROVIDERS) {
            Some(rest) if request.service == Service::Provider => {
                format!("{}{rest}", self.simulator)
            }
            _ => format!("{}{uri}", self.emulator),
        };
        let mut headers = parts.headers.clone();
        for name in [HOST, CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
            headers.remove(name);
        }
        let forwarded = self.http.request(parts.method.clone(), url);
        let answer = forwarded.headers(headers).body(body).send().await.ok()?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.ok()?;
        if let (Step::Record, Some(id), true) = (request.step, &request.id, status.is_success()) {
            self.trace().recorded(id);
        }
        headers.remove(TRANSFER_ENCODING);
        headers.remove(CONNECTION);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Some(response)
    }
}

/// A response whose body fails at once, so that the connection ends before anything of it is sent.
fn closed() -> Response {
    let error = io::Error::from(io::ErrorKind::ConnectionAborted);
    let body = futures_util::stream::once(std::future::ready(Err::<Bytes, _>(error)));
    Response::new(Body::from_stream(body))
}
