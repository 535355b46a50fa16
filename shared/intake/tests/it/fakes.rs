use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use boot::Environment;
use http::{HeaderMap, StatusCode};
use intake::{Intake, Secrets, Settings};
use ports::{
    EventsQueue, Outgoing, PortError, PortResult, SecretIds, SecretSource, SecretVersions,
};
use providers::digicert::DigicertReceiver;
use providers::request::WebhookRequest;
use secrecy::SecretString;
use time::OffsetDateTime;

pub(crate) const CURRENT: &str = "current-0123456789-0123456789-012345";
pub(crate) const PENDING: &str = "pending-0123456789-0123456789-012345";
pub(crate) const PREVIOUS: &str = "previous-0123456789-0123456789-01234";

/// A queue that accepts everything, fails, or is slow.
#[derive(Clone, Default)]
pub(crate) struct Queue {
    pub(crate) sent: Arc<Mutex<Vec<Outgoing>>>,
    pub(crate) fails: bool,
    pub(crate) latency: Duration,
}

impl EventsQueue for Queue {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        tokio::time::sleep(self.latency).await;
        if self.fails {
            return Err(PortError("EVENTS_QUEUE_URL: refused".into()));
        }
        self.sent.lock().unwrap().extend(messages);
        Ok(())
    }
}

/// A secret whose stages a test sets.
#[derive(Clone, Default)]
pub(crate) struct Source {
    pub(crate) versions: Arc<Mutex<Option<SecretVersions>>>,
    pub(crate) current_reads: Arc<AtomicU32>,
    pub(crate) all_reads: Arc<AtomicU32>,
}

impl Source {
    pub(crate) fn of(versions: SecretVersions) -> Self {
        let source = Self::default();
        source.set(Some(versions));
        source
    }

    /// Sets the stages; with `None` the secret cannot be read.
    pub(crate) fn set(&self, versions: Option<SecretVersions>) {
        *self.versions.lock().unwrap() = versions;
    }

    pub(crate) fn reads(&self) -> (u32, u32) {
        (self.current_reads.load(Ordering::Relaxed), self.all_reads.load(Ordering::Relaxed))
    }

    fn read(&self) -> PortResult<SecretVersions> {
        let versions = self.versions.lock().unwrap().clone();
        versions.ok_or_else(|| PortError("WEBHOOK_SECRET_ID: cannot be read".into()))
    }
}

impl SecretSource for Source {
    async fn current(&self) -> PortResult<SecretVersions> {
        self.current_reads.fetch_add(1, Ordering::Relaxed);
        let SecretVersions { current, ids, .. } = self.read()?;
        let ids = SecretIds { current: ids.current, ..SecretIds::default() };
        Ok(SecretVersions { current, ids, ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.all_reads.fetch_add(1, Ordering::Relaxed);
        self.read()
    }
}

/// All three stages, of which the current one was created `hours` ago.
pub(crate) fn stages(hours: i64) -> SecretVersions {
    let stored = |value: &str| Some(SecretString::from(value));
    SecretVersions {
        current: stored(CURRENT),
        pending: stored(PENDING),
        previous: stored(PREVIOUS),
        current_created: Some(OffsetDateTime::now_utc() - time::Duration::hours(hours)),
        ids: SecretIds {
            current: Some("v2".into()),
            pending: Some("v3".into()),
            previous: Some("v1".into()),
        },
    }
}

pub(crate) fn intake(queue: &Queue, source: &Source) -> Intake<DigicertReceiver, Queue, Source> {
    let none: Environment = std::iter::empty::<(&str, &str)>().collect();
    let settings = Settings::from_environment(&none).unwrap();
    Intake::new(queue.clone(), Some(Secrets::new(source.clone(), &settings)), settings)
}

/// Posts an event with this key and returns the status of the answer.
pub(crate) async fn post(
    intake: &Intake<DigicertReceiver, Queue, Source>,
    key: &str,
) -> StatusCode {
    let mut headers = HeaderMap::new();
    headers.insert("x-webhook-key", key.parse().unwrap());
    let body = r#"{"event":"certificate_issued","data":{"order_id":1,"certificate_id":2}}"#;
    let request = WebhookRequest::post(headers, body, OffsetDateTime::now_utc());
    intake.handle(request).await.status()
}
