use std::ops::Deref;
use std::time::{Duration, Instant};

use envelope::Provider;
use providers::profile;
use reqwest::{Client, Url};
use serde_json::Value;
use simulator::{RecordedRequest, Settings, Simulator};
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::harness::{Folder, Local, stored_secret, tail};

pub(crate) const DIGICERT_API_KEY: &str = "canary-digicert-api-key";
pub(crate) const CLOUDFLARE_API_TOKEN: &str = "canary-cloudflare-api-token";
pub(crate) const META_ACCESS_TOKEN: &str = "canary-meta-access-token";

/// The timeout of every wait; a test that reaches it has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The simulated providers, which run in this process, and a client that sends webhooks as they would.
/// `certhooks` calls them as real providers: it is given API keys and base addresses.
pub(crate) struct Providers {
    simulator: Simulator,
    /// Holds `roots.pem`, the roots of the simulated chains.
    roots: Folder,
    client: Client,
    runtime: Runtime,
}

impl Deref for Providers {
    type Target = Simulator;

    fn deref(&self) -> &Simulator {
        &self.simulator
    }
}

impl Providers {
    pub(crate) fn start() -> Self {
        Self::start_with(Settings::default())
    }

    pub(crate) fn start_with(settings: Settings) -> Self {
        let runtime = Runtime::new().unwrap();
        let settings = Settings {
            digicert_api_key: Some(DIGICERT_API_KEY.into()),
            cloudflare_api_token: Some(CLOUDFLARE_API_TOKEN.into()),
            meta_access_token: Some(META_ACCESS_TOKEN.into()),
            ..settings
        };
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = runtime.block_on(Simulator::start(listen, settings)).unwrap();
        // It fails where another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap();
        let roots = Folder::new();
        std::fs::write(roots.path().join("roots.pem"), simulator.roots()).unwrap();
        Self { simulator, roots, client, runtime }
    }

    /// Starts `certhooks local` with these providers; later variables override earlier ones.
    pub(crate) fn local(&self, variables: &[(&str, &str)]) -> Local {
        self.local_in(Folder::new().into(), variables)
    }

    pub(crate) fn local_in(
        &self,
        state: std::sync::Arc<Folder>,
        variables: &[(&str, &str)],
    ) -> Local {
        let bases = [self.digicert_base(), self.cloudflare_base(), self.meta_base()];
        let anchors = format!("mozilla,{}", self.roots.path().join("roots.pem").display());
        let mut all = vec![
            ("TRUST_ANCHORS", anchors.as_str()),
            ("DIGICERT_API_BASE", bases[0].as_str()),
            ("DIGICERT_API_KEY", DIGICERT_API_KEY),
            ("DIGICERT_API_BUDGET", "none"),
            ("CLOUDFLARE_API_BASE", &bases[1]),
            ("CLOUDFLARE_API_TOKEN", CLOUDFLARE_API_TOKEN),
            ("CLOUDFLARE_API_BUDGET", "none"),
            ("META_API_BASE", &bases[2]),
            ("META_ACCESS_TOKEN", META_ACCESS_TOKEN),
            ("META_API_BUDGET", "none"),
        ];
        all.extend(variables);
        // The first reconciliation comes soon after the start, and makes calls of its own.
        Local::start_in(state, &all, &["--reconcile-every", "0s"])
    }

    /// Sends an event as its provider would, and returns the ids in the answer, which must be 200.
    pub(crate) fn send(&self, local: &Local, event: &Value) -> Vec<String> {
        self.send_bytes(local, provider_of(event), event.to_string().into_bytes())
    }

    pub(crate) fn send_bytes(
        &self,
        local: &Local,
        provider: Provider,
        body: Vec<u8>,
    ) -> Vec<String> {
        let sending = post(&self.client, &local.address, provider, body, None);
        let (status, answer) = self.runtime.block_on(sending).unwrap();
        assert_eq!(status, 200, "{answer}");
        ids(&answer)
    }

    /// Sends a document that holds one event, with this `traceparent`.
    pub(crate) fn send_traced(&self, local: &Local, event: &Value, traceparent: &str) -> String {
        let body = event.to_string().into_bytes();
        let sending =
            post(&self.client, &local.address, provider_of(event), body, Some(traceparent));
        let (status, answer) = self.runtime.block_on(sending).unwrap();
        assert_eq!(status, 200, "{answer}");
        ids(&answer).remove(0)
    }

    /// Sends a document that holds one event.
    pub(crate) fn send_one(&self, local: &Local, event: &Value) -> String {
        let ids = self.send(local, event);
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids.into_iter().next().unwrap()
    }

    /// The requests whose path, without the provider's base, begins with `path`.
    pub(crate) fn seen(&self, path: &str) -> Vec<RecordedRequest> {
        let mut recent = self.requests().recent();
        recent.retain(|seen| {
            let bases = ["/services/v2", "/client/v4", "/graph"];
            bases.iter().any(|base| seen.path.strip_prefix(base).unwrap_or("").starts_with(path))
        });
        recent
    }
}

/// Sends a webhook request, and returns status and JSON body of the answer.
async fn post(
    client: &Client,
    address: &str,
    provider: Provider,
    body: Vec<u8>,
    traceparent: Option<&str>,
) -> reqwest::Result<(u16, Value)> {
    let row = profile::of(provider);
    let sample =
        (row.samples.request)(&stored_secret(row), body, OffsetDateTime::now_utc()).unwrap();
    let mut url: Url = format!("http://{address}{}", row.route).parse().unwrap();
    url.set_query(Some(sample.query.as_str()).filter(|query| !query.is_empty()));
    let mut request = client.request(sample.method, url);
    for (name, value) in sample.headers {
        request = request.header(name, value);
    }
    if let Some(traceparent) = traceparent {
        request = request.header("traceparent", traceparent);
    }
    let response = request.body(sample.body).send().await?;
    let status = response.status().as_u16();
    Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap_or_default()))
}

fn ids(answer: &Value) -> Vec<String> {
    let ids = answer["ids"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn provider_of(event: &Value) -> Provider {
    let row = profile::ALL.iter().find(|row| (row.samples.recognises)(event));
    row.unwrap_or_else(|| panic!("no provider sends {event}")).provider
}

impl Local {
    /// Waits for the delivered event with this id.
    pub(crate) fn event(&self, id: &str) -> Value {
        self.events_until(|events| events.iter().any(|event| event["id"] == id))
            .into_iter()
            .find(|event| event["id"] == id)
            .unwrap()
    }

    /// All delivered events; waits until `is_enough` is true of them.
    pub(crate) fn events_until(&self, is_enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let until = Instant::now() + TIMEOUT;
        loop {
            let events = tail(self.state.path());
            if is_enough(&events) {
                return events;
            }
            let log = || self.log().join("\n");
            assert!(Instant::now() < until, "only {} events\n{}", events.len(), log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The log lines with this id; waits until `is_enough` is true of them.
    pub(crate) fn log_until(&self, id: &str, is_enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let until = Instant::now() + TIMEOUT;
        loop {
            let lines = self.log_of(id);
            if is_enough(&lines) {
                return lines;
            }
            assert!(Instant::now() < until, "only {lines:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log_of(&self, id: &str) -> Vec<Value> {
        let lines = self.log();
        let parsed = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        parsed.filter(|line| line["id"] == id).collect()
    }

    /// The log lines about retries of this event; waits until there are at least `count` of them.
    pub(crate) fn retries(&self, id: &str, count: usize) -> Vec<Value> {
        let is_retry = |line: &&Value| !line["delay_seconds"].is_null();
        let lines = self.log_until(id, |lines| lines.iter().filter(is_retry).count() >= count);
        lines.iter().filter(is_retry).cloned().collect()
    }
}
