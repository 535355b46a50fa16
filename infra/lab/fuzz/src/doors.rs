use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use boot::Environment;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::Response;
use intake::{Intake, Request, Secrets, Settings};
use ports::{EventsQueue, Outgoing, PortResult, SecretSource, SecretVersions};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use ring::hmac::{HMAC_SHA256, Key, sign};
use tokio::runtime::{Builder, Runtime};

/// What every door here expects: it signs Meta's bodies, too.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Meta's header for these bytes.
pub fn signature(body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), body);
    format!("sha256={}", HEXLOWER.encode(tag.as_ref()))
}

/// A queue that takes everything.
#[derive(Clone, Default)]
pub struct Taken(Arc<Mutex<Vec<Outgoing>>>);

impl Taken {
    pub fn messages(&self) -> Vec<Outgoing> {
        self.0.lock().unwrap().clone()
    }
}

impl EventsQueue for Taken {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        self.0.lock().unwrap().extend(messages);
        Ok(())
    }
}

/// [`SECRET`], whenever it is asked for.
#[derive(Clone, Copy)]
pub struct Stored;

impl SecretSource for Stored {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some(SECRET.into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

/// A door as an operator has it who set nothing.
pub fn door<D: WebhookReceiver, Q: EventsQueue>(queue: Q) -> Intake<D, Q, Stored> {
    let none: Environment = std::iter::empty::<(&str, &str)>().collect();
    let settings = Settings::from_environment(&none).unwrap();
    Intake::new(queue, Some(Secrets::new(Stored, &settings)), settings)
}

/// All three.
pub struct Doors {
    pub queue: Taken,
    digicert: Intake<DigicertReceiver, Taken, Stored>,
    cloudflare: Intake<CloudflareReceiver, Taken, Stored>,
    meta: Intake<MetaReceiver, Taken, Stored>,
}

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().enable_time().build().unwrap());
}

impl Default for Doors {
    fn default() -> Self {
        Self::new()
    }
}

impl Doors {
    pub fn new() -> Self {
        let queue = Taken::default();
        let (digicert, cloudflare) = (door(queue.clone()), door(queue.clone()));
        Self { digicert, cloudflare, meta: door(queue.clone()), queue }
    }

    /// What each of them answers.
    pub fn handle(&self, request: &Request) -> [Response<Bytes>; 3] {
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
