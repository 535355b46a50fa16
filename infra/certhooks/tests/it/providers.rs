use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::{Duration, Instant};

use envelope::Provider;
use providers::profile::{self, Profile};
use reqwest::{Client, Url};
use serde_json::Value;
use simulator::{RecordedRequest, Settings, Simulator};
use time::OffsetDateTime;
use tokio::runtime::Runtime;

use crate::harness::{Folder, Local, stored_secret, tail};

/// The timeout of every wait; a test that reaches it has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The providers that are called back.
pub(crate) fn called() -> impl Iterator<Item = &'static Profile> {
    profile::ALL.into_iter().filter(|row| row.has_call_backs)
}

/// The API key of a provider, as of DigiCert `canary-digicert-api-key`.
pub(crate) fn api_key(row: &Profile) -> String {
    format!("canary-{}", row.api.secret.name.replace('_', "-"))
}

/// Has the simulated providers that are called back expect their [`api_key`].
pub(crate) fn expect_keys(settings: &mut Settings) {
    called().for_each(|row| settings.expect_key(row.provider.as_str(), api_key(row).into()));
}

/// Base, key and budget of each provider that is called back.
pub(crate) fn api_variables(simulator: &Simulator) -> BTreeMap<&'static str, String> {
    let bases: BTreeMap<_, _> = simulator.bases().collect();
    let of = |row: &'static Profile| {
        let api = &row.api;
        let base = bases[row.provider.as_str()].clone();
        let key = (api.secret.variable, api_key(row));
        [(api.base_variable, base), key, (api.budget_variable, "none".to_owned())]
    };
    called().flat_map(of).collect()
}

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

    pub(crate) fn start_with(mut settings: Settings) -> Self {
        let runtime = Runtime::new().unwrap();
        expect_keys(&mut settings);
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
        let apis = api_variables(&self.simulator);
        let anchors = format!("mozilla,{}", self.roots.path().join("roots.pem").display());
        let mut all = vec![("TRUST_ANCHORS", anchors.as_str())];
        all.extend(apis.iter().map(|(name, value)| (*name, value.as_str())));
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
        let base_path = |(_, base): (_, String)| base.parse::<Url>().unwrap().path().to_owned();
        let paths: Vec<_> = self.bases().map(base_path).map(|base| base + path).collect();
        let mut recent = self.requests().recent();
        recent.retain(|seen| paths.iter().any(|path| seen.path.starts_with(path)));
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
