use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use boot::Environment;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::Response;
use intake::{Intake, Secrets, Settings};
use ports::{EventsQueue, Outgoing, PortResult, SecretSource, SecretVersions};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use providers::request::WebhookRequest;
use ring::hmac::{HMAC_SHA256, Key, sign};
use tokio::runtime::{Builder, Runtime};

/// The secret of every webhook endpoint here; Meta's bodies are signed with it.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The value of Meta's signature header for a body.
pub fn signature(body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), body);
    format!("sha256={}", HEXLOWER.encode(tag.as_ref()))
}

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

/// A source of [`SECRET`].
#[derive(Clone, Copy)]
pub struct FixedSecret;

impl SecretSource for FixedSecret {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some(SECRET.into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

/// The intake of one provider with default settings.
pub fn intake<R: WebhookReceiver, Q: EventsQueue>(queue: Q) -> Intake<R, Q, FixedSecret> {
    let environment: Environment = std::iter::empty::<(&str, &str)>().collect();
    let settings = Settings::from_environment(&environment).unwrap();
    Intake::new(queue, Some(Secrets::new(FixedSecret, &settings)), settings)
}

/// The webhook endpoints of all three providers, with one queue.
pub struct WebhookEndpoints {
    pub queue: MemoryQueue,
    digicert: Intake<DigicertReceiver, MemoryQueue, FixedSecret>,
    cloudflare: Intake<CloudflareReceiver, MemoryQueue, FixedSecret>,
    meta: Intake<MetaReceiver, MemoryQueue, FixedSecret>,
}

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().enable_time().build().unwrap());
}

impl Default for WebhookEndpoints {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookEndpoints {
    pub fn new() -> Self {
        let queue = MemoryQueue::default();
        let (digicert, cloudflare) = (intake(queue.clone()), intake(queue.clone()));
        Self { digicert, cloudflare, meta: intake(queue.clone()), queue }
    }

    /// The answers of Digicert's, Cloudflare's and Meta's endpoint to a request.
    pub fn handle(&self, request: &WebhookRequest) -> [Response<Bytes>; 3] {
        let answers = async {
            [
                self.digicert.handle(request.clone()).await,
                self.cloudflare.handle(request.clone()).await,
                self.meta.handle(request.clone()).await,
            ]
        };
        RUNTIME.with_borrow(|runtime| runtime.block_on(answers))
    }
}
