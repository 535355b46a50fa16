use std::path::PathBuf;
use std::sync::Arc;

use boot::Environment;
use embedded::{LocalArchive, LocalDeliveries, LocalEvents, LocalLedger, Options, State};
use envelope::CertificateEvent;
use fuzz::webhook_endpoints::{FixedSecret, SECRET, intake};
use http::HeaderMap;
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use providers::request::WebhookRequest;
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::strategies::{json, signature};

type LocalWorker = Worker<LocalEvents, LocalDeliveries, LocalLedger, LocalArchive, FixedSecret>;

/// A real intake, events queue, worker and deliveries queue, in a folder of their own.
struct Pipeline {
    runtime: Runtime,
    folder: PathBuf,
    state: State,
    worker: Arc<LocalWorker>,
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Pipeline {
    /// Without API keys, so that no provider is called back and each event is delivered as it was
    /// received.
    fn start(name: &str) -> Self {
        let name = format!("certhooks-end-to-end-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let runtime = Runtime::new().unwrap();
        let guard = runtime.enter();
        let state = State::open(&folder, Options::default()).unwrap();
        let environment: Environment = std::iter::empty::<(&str, &str)>().collect();
        let ports = Ports {
            events: state.events(),
            deliveries: state.deliveries(),
            ledger: state.ledger(),
            archive: state.archive(),
        };
        let keys = Keys::new();
        let settings = Settings::from_environment(&environment).unwrap();
        let worker = Arc::new(Worker::new(&settings, ports, keys).unwrap());
        drop(guard);
        Self { runtime, folder, state, worker }
    }

    /// The certificate event that is delivered for `body`, which must be the only one.
    fn deliver<R: WebhookReceiver>(&self, header: &'static str, body: &str) -> CertificateEvent {
        self.runtime.block_on(async {
            let mut headers = HeaderMap::new();
            headers.insert(header, SECRET.parse().unwrap());
            headers.insert("x-hub-signature-256", signature(body.as_bytes()).parse().unwrap());
            let (body, now) = (body.to_owned(), OffsetDateTime::now_utc());
            let request = WebhookRequest::post(headers, body, now);
            let last = self.state.reader().last_sequence().await.unwrap();
            let answer = intake::<R, _>(self.state.events()).handle(request).await;
            assert_eq!(answer.status(), 200, "{:?}", answer.body());

            let received = self.state.events().receive(10).await.unwrap();
            let [received] = &received[..] else { panic!("{} messages", received.len()) };
            let receipt = received.receipt.to_string();
            let message =
                QueueMessage { id: None, receipt, body: received.body.clone(), deadline: None };
            let dispositions = self.worker.process_batch(vec![message]).await;
            let _removed = self.state.events().acknowledge(received.receipt).await.unwrap();
            assert_eq!(dispositions, [Disposition::Delivered], "{}", received.body);
            let delivered = self.state.reader().read_after(last, 10).await.unwrap();
            let [delivered] = &delivered[..] else { panic!("{} deliveries", delivered.len()) };
            serde_json::from_str(&delivered.body).unwrap()
        })
    }

    /// Checks that the payload is delivered unchanged. `document` builds a body from any JSON and a
    /// number that makes it unique.
    fn check_payload<R: WebhookReceiver>(
        &self,
        header: &'static str,
        document: fn(&str, u32) -> String,
    ) {
        let mut runner = TestRunner::new(Config::with_cases(100));
        let number = std::cell::Cell::new(0);
        let result = runner.run(&json(), |any| {
            number.set(number.get() + 1);
            let body = document(&any, number.get());
            let event = self.deliver::<R>(header, &body);
            let payload = event.data.payload.unwrap();
            prop_assert_eq!(payload.get(), body.trim_ascii());
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn any_document_of_digicert_is_delivered_unchanged() {
    let pipeline = Pipeline::start("digicert");
    pipeline.check_payload::<DigicertReceiver>("x-webhook-key", |any, number| {
        format!("\n{{ \"event\" :\"certificate_issued\",\"data\":{{\"certificate_id\":{number},\"any\": {any}}} , \"more\":{any}}} ")
    });
}

#[test]
fn any_document_of_cloudflare_is_delivered_unchanged() {
    let pipeline = Pipeline::start("cloudflare");
    pipeline.check_payload::<CloudflareReceiver>("cf-webhook-auth", |any, number| {
        let kind = "ssl.custom_hostname_certificate.renewal.failed";
        format!("{{\"metadata\":{{\"event\": {{\"type\":\"{kind}\"}},\"n\":{number} }},\"data\": {any}}}\n")
    });
}

/// The document has one update only, so that it is not split.
#[test]
fn any_document_of_meta_is_delivered_unchanged() {
    let pipeline = Pipeline::start("meta");
    pipeline.check_payload::<MetaReceiver>("x-other", |any, number| {
        let change = format!("{{\"field\":\"certificate\", \"value\" :{any}}}");
        format!("{{\"object\":\"certificate_transparency\",\"entry\":[{{\"id\":\"{number}\",\"changes\":[{change}]}}]}}")
    });
}
