use harness::{Emulator, Function, InvocationResult, sample};
use serde_json::Value;
use simulator::{Settings, Simulator};

/// A worker with the services that it uses.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) simulator: Simulator,
    pub(crate) worker: Function,
    pub(crate) events: String,
    pub(crate) deliveries: String,
}

pub(crate) const API_KEY: &str = "sample-api-key";

impl Stage {
    pub(crate) async fn set() -> Self {
        let emulator = Emulator::start().await.unwrap();
        let settings = Settings { digicert_api_key: Some(API_KEY.into()), ..Settings::default() };
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
        let (events, deliveries) = (
            emulator.create_queue("events").await.unwrap(),
            emulator.create_queue("deliveries").await.unwrap(),
        );
        emulator.create_table("ledger").await.unwrap();
        emulator.create_bucket("archive").await.unwrap();
        emulator
            .create_secret("digicert-api", &format!(r#"{{"api_key":"{API_KEY}"}}"#))
            .await
            .unwrap();
        emulator.create_secret("cloudflare-api", "any-token").await.unwrap();

        let mut variables = emulator.environment();
        let own = [
            ("EVENTS_QUEUE_URL", events.clone()),
            ("DELIVERIES_QUEUE_URL", deliveries.clone()),
            ("LEDGER_TABLE", "ledger".to_owned()),
            ("ARCHIVE_BUCKET", "archive".to_owned()),
            ("DIGICERT_API_SECRET_ID", "digicert-api".to_owned()),
            ("DIGICERT_API_BASE", simulator.digicert_base()),
            ("CLOUDFLARE_API_SECRET_ID", "cloudflare-api".to_owned()),
            ("CLOUDFLARE_API_BASE", simulator.cloudflare_base()),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let worker = Function::start(env!("CARGO_BIN_EXE_worker"), &variables).await.unwrap();
        Self { emulator, simulator, worker, events, deliveries }
    }

    /// Invokes the worker and returns the ids that it reports as failed.
    pub(crate) async fn batch(&mut self, event: &Value) -> Vec<String> {
        match self.worker.invoke(event.to_string()).await.unwrap() {
            InvocationResult::Response(response) => {
                let failures = response["batchItemFailures"].as_array().unwrap();
                failures
                    .iter()
                    .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
                    .collect()
            }
            InvocationResult::Error(error) => panic!("{error}"),
        }
    }

    /// Receives all messages of a queue and returns their bodies.
    pub(crate) async fn bodies(&self, queue_url: &str) -> Vec<Value> {
        let messages = self.emulator.receive_all(queue_url).await.unwrap();
        messages
            .iter()
            .map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap())
            .collect()
    }
}

/// The sample batch of three records: DigiCert, a bad record, and Cloudflare.
pub(crate) fn sample_batch() -> Value {
    serde_json::from_str(&sample("worker.sqs.json").unwrap()).unwrap()
}
