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

use crate::sqs::ill::{Deed, Fault};
use crate::sqs::journal::{Journal, Outcome};
use crate::sqs::passage::Passage;
use crate::sqs::wire::{Caller, Seen, Service, Step, halved, is_of_provider, with_failed};

/// What a dead function sent last is read and passed on within this time.
const SETTLED: Duration = Duration::from_millis(10);

/// Decides what is done to a request.
pub(crate) type Plan = Box<dyn FnMut(Caller, &Seen) -> Deed + Send>;

/// Stands between the compiled functions and all that they talk to.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    addresses: [String; 2],
    /// Ends with this.
    _serving: JoinSet<()>,
}

pub(crate) struct Shared {
    http: Client,
    emulator: String,
    simulator: String,
    plan: Mutex<Plan>,
    journal: Mutex<Journal>,
    crash: Notify,
    crashed: Notify,
}

#[derive(Clone)]
struct Line {
    caller: Caller,
    shared: Arc<Shared>,
}

impl Proxy {
    /// `emulator` and `simulator` are addresses without a path.
    pub(crate) async fn start(emulator: &str, simulator: &str) -> Result<Self> {
        let shared = Arc::new(Shared {
            http: Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(5)).build()?,
            emulator: emulator.to_owned(),
            simulator: simulator.to_owned(),
            plan: Mutex::new(Box::new(|_, _| Deed::Pass)),
            journal: Mutex::default(),
            crash: Notify::new(),
            crashed: Notify::new(),
        });
        let mut serving = JoinSet::new();
        let mut addresses = [String::new(), String::new()];
        for (address, caller) in addresses.iter_mut().zip([Caller::Door, Caller::Worker]) {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            *address = format!("http://{}", listener.local_addr()?);
            let line = Line { caller, shared: Arc::clone(&shared) };
            let router = Router::new().fallback(pass).with_state(line);
            serving.spawn(async move {
                // `serve` retries what fails in accepting and returns no other error.
                let _ = axum::serve(listener, router).await;
            });
        }
        Ok(Self { shared, addresses, _serving: serving })
    }

    pub(crate) fn address(&self, caller: Caller) -> &str {
        &self.addresses[usize::from(caller == Caller::Worker)]
    }

    pub(crate) fn set(&self, plan: Plan) {
        *lock(&self.shared.plan) = plan;
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.shared.journal()
    }

    /// Returns when the plan wants a function killed; a request of its then waits for
    /// [`crashed`](Self::crashed).
    pub(crate) async fn crash(&self) {
        self.shared.crash.notified().await;
    }

    /// The function of that caller is dead. Returns when what it had sent before is through.
    pub(crate) async fn crashed(&self, caller: Caller) {
        self.shared.crashed.notify_waiters();
        tokio::time::sleep(SETTLED).await;
        if caller == Caller::Worker {
            self.journal().killed();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(State(line): State<Line>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return closed() };
    let seen = Seen::of(line.caller, &parts, &body);
    let deed = (lock(&line.shared.plan))(line.caller, &seen);
    let shared = line.shared;
    let passage = Passage::begin(&shared, &seen);
    let answer = match deed {
        Deed::Pass => shared.forward(&parts, body, &seen).await,
        Deed::KillBefore => shared.kill(seen.step, "before").await,
        Deed::KillAfter => {
            let _nobody_waits = shared.forward(&parts, body, &seen).await;
            shared.kill(seen.step, "after").await
        }
        Deed::Fault(fault) => shared.fail(fault, &parts, body, &seen).await,
    };
    passage.end(match &answer {
        Some(answer) if answer.status().is_success() => Outcome::Done,
        Some(_) => Outcome::Refused,
        None => Outcome::Lost,
    });
    answer.unwrap_or_else(closed)
}

/// Each way answers with `None` where the caller gets no answer.
impl Shared {
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    async fn kill(&self, step: Step, when: &str) -> Option<Response> {
        let crashed = self.crashed.notified();
        self.journal().count(format!("{when} {}", step.name()));
        self.crash.notify_one();
        crashed.await;
        None
    }

    async fn fail(
        &self,
        fault: Fault,
        parts: &Parts,
        body: Bytes,
        seen: &Seen,
    ) -> Option<Response> {
        {
            let mut journal = self.journal();
            journal.faults += 1;
            journal.count(fault.name().to_owned());
        }
        if let Some(refusal) = fault.refusal(seen.service) {
            return Some(refusal);
        }
        let answer = match fault {
            Fault::Reset => return None,
            Fault::Partial => self.part(parts, body, seen).await,
            _ => self.forward(parts, body, seen).await,
        };
        tokio::time::sleep(fault.pause()).await;
        answer.filter(|_| !fault.hides_success())
    }

    /// The even messages of a batch are passed on, the odd ones answered as failed.
    async fn part(&self, parts: &Parts, body: Bytes, seen: &Seen) -> Option<Response> {
        let Some((half, failed)) = halved(&body) else {
            return self.forward(parts, body, seen).await;
        };
        let (mut head, body) = self.forward(parts, half.into(), seen).await?.into_parts();
        let body = to_bytes(body, usize::MAX).await.ok()?;
        head.headers.remove(CONTENT_LENGTH);
        // The checksum is that of the half.
        head.headers.remove("x-amz-crc32");
        Some(Response::from_parts(head, Body::from(with_failed(&body, &failed)?)))
    }

    async fn forward(&self, parts: &Parts, body: Bytes, seen: &Seen) -> Option<Response> {
        if let (Step::Publish, Some(id)) = (seen.step, &seen.id) {
            self.journal().publishing(id, seen.call.as_deref());
        }
        let to = match seen.service {
            Service::Provider => &self.simulator,
            _ => &self.emulator,
        };
        debug_assert_eq!(seen.service == Service::Provider, is_of_provider(parts.uri.path()));
        let mut headers = parts.headers.clone();
        for name in [HOST, CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
            headers.remove(name);
        }
        let request = self.http.request(parts.method.clone(), format!("{to}{}", parts.uri));
        let answer = request.headers(headers).body(body).send().await.ok()?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.ok()?;
        if let (Step::Record, Some(id), true) = (seen.step, &seen.id, status.is_success()) {
            self.journal().recorded(id);
        }
        headers.remove(TRANSFER_ENCODING);
        headers.remove(CONNECTION);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Some(response)
    }
}

/// An answer whose body fails at once: the connection ends before anything of it goes out.
fn closed() -> Response {
    let fault = io::Error::from(io::ErrorKind::ConnectionAborted);
    let body = futures_util::stream::once(std::future::ready(Err::<Bytes, _>(fault)));
    Response::new(Body::from_stream(body))
}
