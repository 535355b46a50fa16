use std::path::PathBuf;
use std::sync::Arc;

use boot::Environment;
use bytes::Bytes;
use embedded::{LocalArchive, LocalDeliveries, LocalEvents, LocalLedger, Options, State};
use envelope::CertificateEvent;
use fuzz::doors::{SECRET, Stored, door, signature};
use http::{HeaderMap, Method};
use intake::Request;
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use tokio::runtime::Runtime;

use crate::anything::json;

type LocalWorker = Worker<LocalEvents, LocalDeliveries, LocalLedger, LocalArchive, Stored>;

/// The real door, queue, worker and deliveries queue, in a folder of their own.
struct Journey {
    runtime: Runtime,
    folder: PathBuf,
    state: State,
    worker: Arc<LocalWorker>,
}

impl Drop for Journey {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Journey {
    /// No provider is called back: what comes out is what came in.
    fn start(name: &str) -> Self {
        let name = format!("certhooks-journey-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let runtime = Runtime::new().unwrap();
        let _within = runtime.enter();
        let state = State::open(&folder, Options::default()).unwrap();
        let none: Environment = std::iter::empty::<(&str, &str)>().collect();
        let ports = Ports {
            events: state.events(),
            deliveries: state.deliveries(),
            ledger: state.ledger(),
            archive: state.archive(),
        };
        let keys = Keys { digicert: None, cloudflare: None, meta: None };
        let settings = Settings::from_environment(&none).unwrap();
        let worker = Arc::new(Worker::new(&settings, ports, keys).unwrap());
        drop(_within);
        Self { runtime, folder, state, worker }
    }

    /// The only event that comes of `body`.
    fn take<D: WebhookReceiver>(&self, header: &'static str, body: &str) -> CertificateEvent {
        self.runtime.block_on(async {
            let mut headers = HeaderMap::new();
            headers.insert(header, SECRET.parse().unwrap());
            headers.insert("x-hub-signature-256", signature(body.as_bytes()).parse().unwrap());
            let body = Bytes::copy_from_slice(body.as_bytes());
            let query = String::new();
            let request = Request { method: Method::POST, headers, query, source_ip: None, body };
            let last = self.state.reader().last_sequence().await.unwrap();
            let answer = door::<D, _>(self.state.events()).handle(request).await;
            assert_eq!(answer.status(), 200, "{:?}", answer.body());

            let received = self.state.events().receive(10).await.unwrap();
            let [message] = &received[..] else { panic!("{} messages", received.len()) };
            let receipt = message.receipt.to_string();
            let record = QueueMessage { receipt, body: message.body.clone(), deadline: None };
            let fates = self.worker.process_batch(vec![record]).await;
            let _removed = self.state.events().acknowledge(message.receipt).await.unwrap();
            assert_eq!(fates, [Disposition::Delivered], "{}", message.body);
            let delivered = self.state.reader().read_after(last, 10).await.unwrap();
            let [delivered] = &delivered[..] else { panic!("{} deliveries", delivered.len()) };
            serde_json::from_str(&delivered.body).unwrap()
        })
    }

    /// `document` makes a body of any JSON and a number that tells it from all others.
    fn survives<D: WebhookReceiver>(
        &self,
        header: &'static str,
        document: fn(&str, u32) -> String,
    ) {
        let mut runner = TestRunner::new(Config::with_cases(100));
        let number = std::cell::Cell::new(0);
        let outcome = runner.run(&json(), |any| {
            number.set(number.get() + 1);
            let body = document(&any, number.get());
            let event = self.take::<D>(header, &body);
            let payload = event.data.payload.unwrap();
            prop_assert_eq!(payload.get(), body.trim_ascii());
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn any_document_of_digicert_comes_out_as_it_came_in() {
    let journey = Journey::start("digicert");
    journey.survives::<DigicertReceiver>("x-webhook-key", |any, number| {
        format!("\n{{ \"event\" :\"certificate_issued\",\"data\":{{\"certificate_id\":{number},\"any\": {any}}} , \"more\":{any}}} ")
    });
}

#[test]
fn any_document_of_cloudflare_comes_out_as_it_came_in() {
    let journey = Journey::start("cloudflare");
    journey.survives::<CloudflareReceiver>("cf-webhook-auth", |any, number| {
        let kind = "ssl.custom_hostname_certificate.renewal.failed";
        format!("{{\"metadata\":{{\"event\": {{\"type\":\"{kind}\"}},\"n\":{number} }},\"data\": {any}}}\n")
    });
}

/// Where a document has one update only, it need not be split.
#[test]
fn any_document_of_meta_comes_out_as_it_came_in() {
    let journey = Journey::start("meta");
    journey.survives::<MetaReceiver>("x-other", |any, number| {
        let change = format!("{{\"field\":\"certificate\", \"value\" :{any}}}");
        format!("{{\"object\":\"certificate_transparency\",\"entry\":[{{\"id\":\"{number}\",\"changes\":[{change}]}}]}}")
    });
}
