use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use boot::Environment;
use bytes::Bytes;
use envelope::Provider;
use http::Response;
use intake::{Intake, Secrets, Settings};
use ports::{EventsQueue, Outgoing, PortResult, SecretSource, SecretVersions};
use providers::profile::{self, ReceiverVisitor, visit_receivers};
use providers::receiver::WebhookReceiver;
use providers::request::WebhookRequest;
use tokio::runtime::{Builder, Runtime};

/// Each member of the secret of every webhook endpoint here.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An events queue in memory.
#[derive(Clone, Default)]
pub struct MemoryQueue(Arc<Mutex<Vec<Outgoing>>>);

impl MemoryQueue {
    pub fn messages(&self) -> Vec<Outgoing> {
        self.0.lock().unwrap().clone()
    }
}

impl EventsQueue for MemoryQueue {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        self.0.lock().unwrap().extend(messages);
        Ok(())
    }
}

/// A source of the provider's secret with [`SECRET`] in each member.
#[derive(Clone, Copy)]
pub struct FixedSecret(Provider);

impl SecretSource for FixedSecret {
    async fn current(&self) -> PortResult<SecretVersions> {
        let current = Some(profile::of(self.0).sample_secret(SECRET));
        Ok(SecretVersions { current, ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

/// The intake of one provider with default settings.
pub fn intake<R: WebhookReceiver, Q: EventsQueue>(queue: Q) -> Intake<R, Q, FixedSecret> {
    let environment: Environment = std::iter::empty::<(&str, &str)>().collect();
    let settings = Settings::from_environment(&environment).unwrap();
    Intake::new(queue, Some(Secrets::new(FixedSecret(R::PROVIDER), &settings)), settings)
}

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().enable_time().build().unwrap());
}

/// The answers of every provider's endpoint to a request, in the order of the rows.
pub fn answers(request: &WebhookRequest) -> Vec<Response<Bytes>> {
    let mut endpoints = Endpoints { request, answers: Vec::new() };
    visit_receivers(&mut endpoints);
    endpoints.answers
}

struct Endpoints<'a> {
    request: &'a WebhookRequest,
    answers: Vec<Response<Bytes>>,
}

impl ReceiverVisitor for Endpoints<'_> {
    fn visit<R: WebhookReceiver>(&mut self) {
        let intake = intake::<R, _>(MemoryQueue::default());
        let answer = intake.handle(self.request.clone());
        self.answers.push(RUNTIME.with_borrow(|runtime| runtime.block_on(answer)));
    }
}
