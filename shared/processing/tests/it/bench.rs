use std::collections::BTreeMap;
use std::sync::Arc;

use ::time::{Duration, OffsetDateTime};
use boot::Environment;
use envelope::{Provider, timestamp};
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use providers::profile::{self, Profile};
use serde_json::{Value, json};
use simulator::{Fault, Rule, Simulator};

use crate::fakes::{Fake, Key};

pub(crate) type TestWorker = Worker<Fake, Fake, Fake, Fake, Key>;

/// A worker between the fakes and the simulator.
pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) fake: Fake,
    pub(crate) key: Key,
    pub(crate) worker: Arc<TestWorker>,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        Self::build(variables, true).await
    }

    pub(crate) async fn without_keys() -> Self {
        Self::build(&[], false).await
    }

    async fn build(variables: &[(&str, &str)], has_keys: bool) -> Self {
        let mut settings = simulator::Settings::default();
        for row in profile::ALL {
            settings.expect_key(row.provider.as_str(), "right".into());
        }
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, settings).await.unwrap();
        let bases: BTreeMap<_, _> = simulator.bases().collect();
        let base = |row: &&Profile| {
            Some((row.api.base_variable, bases.get(row.provider.as_str())?.as_str()))
        };
        let own = profile::ALL.iter().filter_map(base);
        let environment: Environment = own.chain(variables.iter().copied()).collect();
        let (fake, key) = (Fake::default(), Key::new("right"));
        let ports = Ports {
            events: fake.clone(),
            deliveries: fake.clone(),
            ledger: fake.clone(),
            archive: fake.clone(),
        };
        let providers = Provider::ALL.iter().filter(|_| has_keys);
        let keys: Keys<_> = providers.map(|provider| (*provider, key.clone())).collect();
        let settings = Settings::from_environment(&environment).unwrap();
        let worker = Arc::new(Worker::new(&settings, ports, keys).unwrap());
        Self { simulator, fake, key, worker }
    }

    pub(crate) async fn process(&self, receipt: &str, body: &Value) -> Disposition {
        self.worker.process(&message(receipt, body)).await
    }

    /// Applies to every download and every order info from now on.
    pub(crate) fn fault(&self, fault: Fault) {
        self.simulator.faults().set([Rule::new("/services/v2", fault)]);
    }
}

pub(crate) fn message(receipt: &str, body: &Value) -> QueueMessage {
    QueueMessage { id: None, receipt: receipt.to_owned(), body: body.to_string(), deadline: None }
}

/// The envelope of a `certificate_issued` that was received `age` ago.
pub(crate) fn issued(id: &str, age: Duration) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 77});
    envelope(id, age, &json!({"event": "certificate_issued", "data": data}))
}

/// The revocation of the same certificate.
pub(crate) fn revoked(id: &str) -> Value {
    let data = json!({"order_id": 1, "certificate_id": 77});
    envelope(id, Duration::ZERO, &json!({"event": "certificate_revoked", "data": data}))
}

pub(crate) fn rejected(id: &str, age: Duration) -> Value {
    let data = json!({"order_id": 88, "certificate_id": 1});
    envelope(id, age, &json!({"event": "order_rejected", "data": data}))
}

/// A certificate alert of Meta whose id cannot be looked up.
pub(crate) fn observed(id: &str) -> Value {
    let entry = json!({"id": "../", "time": 1, "changed_fields": ["certificate"]});
    let document = json!({"object": "certificate_transparency", "entry": [entry], "event": "x"});
    let mut envelope = envelope(id, Duration::ZERO, &document);
    envelope["source"] = json!("/meta/certificate-transparency");
    envelope
}

pub(crate) fn envelope(id: &str, age: Duration, document: &Value) -> Value {
    let received = timestamp(OffsetDateTime::now_utc() - age);
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/digicert/certcentral",
        "type": format!("com.digicert.certcentral.{}", document["event"].as_str().unwrap()),
        "subject": "digicert/certificate/77",
        "time": received,
        "datacontenttype": "application/json",
        "dataschema": "urn:certhooks:envelope:1",
        "receivedtime": received,
        "data": document,
    })
}

/// The same envelope after `attempts`.
pub(crate) fn tried(mut envelope: Value, attempts: u32) -> Value {
    envelope["attempts"] = attempts.into();
    envelope
}
