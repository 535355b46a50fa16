use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use boot::Environment;
use certificate::TrustAnchors;
use envelope::{
    Certificate, Correlation, Envelope, EventType, Issuance, Provider, Rule as MatchingRule,
};
use ports::Clock;
use processing::{Keys, Ports, QueueMessage, Settings, Worker};
use providers::finding::Finding;
use providers::profile::{self, Profile};
use providers::receiver::Receipt;
use providers::synthetic;
use serde_json::{Value, json};
use simulator::{Fault, Rule, Simulator};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::examples::Example;
use crate::memory::{Key, Memory};

const SECRET: &str = "a-webhook-secret-of-the-contract-generator";
/// The time at which all happens: the certificates of the samples are valid then, so that no example changes with the
/// calendar.
const NOW: OffsetDateTime = datetime!(2026-11-30 10:00 UTC);
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// Sample files that show the same as others in another wrapping come after those.
const VARIANTS: [&str; 2] = ["notification_", "universal_"];

/// Real deliveries: each file of `events` goes through the provider's receiver and the worker, whose call-backs the
/// simulated providers answer. One example for each provider and type, named after both, and one for each case that a
/// file alone does not show.
///
/// # Errors
/// An event is not delivered as it should be.
pub async fn produce(events: &Path) -> Result<Vec<Example>> {
    let mut examples = of_samples(&Stage::start(true).await?, events).await?;
    examples.extend(Box::pin(of_cases(&Stage::start(true).await?)).await?);
    let disabled = Stage::start(false).await?;
    examples.push(
        disabled.example("case.disabled", &issued(&disabled, 76, None, Duration::ZERO)?).await?,
    );
    examples.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(examples)
}

/// Every delivery of the sample files.
///
/// # Errors
/// An event is not delivered.
pub async fn deliveries(events: &Path) -> Result<Vec<Value>> {
    let stage = Stage::start(true).await?;
    let mut delivered = Vec::new();
    for (row, body) in samples(events)? {
        for envelope in stage.receive(row, body)? {
            delivered.extend(stage.process(&envelope).await?);
        }
    }
    delivered.iter().map(|body| Ok(serde_json::from_str(body)?)).collect()
}

async fn of_samples(stage: &Stage, events: &Path) -> Result<Vec<Example>> {
    let mut known = BTreeSet::new();
    let mut examples = Vec::new();
    for (row, body) in samples(events)? {
        for envelope in stage.receive(row, body)? {
            for body in stage.process(&envelope).await? {
                let event: Value = serde_json::from_str(&body)?;
                let kind = event["type"].as_str().context("an event has no type")?;
                let kind = kind.trim_start_matches("certhooks.");
                let name = format!("{kind}.{}", row.provider);
                if known.insert(name.clone()) {
                    examples.push(Example::new(name, &body)?);
                }
            }
        }
    }
    Ok(examples)
}

fn samples(events: &Path) -> Result<Vec<(&'static Profile, Vec<u8>)>> {
    let mut samples = Vec::new();
    for row in profile::ALL {
        let folder = events.join(row.name);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name =
                path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            files.push((VARIANTS.iter().any(|variant| name.starts_with(variant)), name, path));
        }
        files.sort();
        for (_, _, path) in files {
            samples.push((row, std::fs::read(path)?));
        }
    }
    Ok(samples)
}

/// What a file alone does not show.
async fn of_cases(stage: &Stage) -> Result<Vec<Example>> {
    let receipt = Receipt { at: NOW, traceparent: None };
    let canary = synthetic::envelope(Provider::DIGICERT, &receipt);
    let mut examples = vec![stage.example("canary", &canary).await?];

    let chain = stage.chain(70).await?;
    let leaf = chain.first().context("a chain begins with its leaf")?;
    for finding in findings(leaf)? {
        let envelope = finding.envelope("the event that led to it", &receipt);
        let envelope = envelope.context("a finding is about a certificate")?;
        let name = finding.state.as_str().trim_start_matches("certhooks.");
        examples.push(stage.example(name, &envelope).await?);
    }

    // The certificate is not there after ten minutes; then the provider sends the event again.
    stage.fault("/services/v2", Some(Fault::NoRoute));
    let failed = issued(stage, 71, None, Duration::minutes(20))?;
    examples.push(stage.example("case.failed", &failed).await?);
    stage.fault("/services/v2", None);
    let again = issued(stage, 71, None, Duration::ZERO)?;
    examples.push(stage.example("case.again", &again).await?);

    // Another certificate comes with an event while CertCentral cannot be asked, and the true one later.
    let (true_chain, other_chain) = (stage.chain(72).await?, stage.chain(74).await?);
    stage.fault("/services/v2", Some(Fault::ServerError { status: None }));
    let other = issued(stage, 72, Some(&other_chain), Duration::hours(2))?;
    examples.push(stage.example("case.included", &other).await?);
    stage.fault("/services/v2", None);
    let conflict = issued(stage, 72, Some(&true_chain), Duration::ZERO)?;
    examples.push(stage.example("case.conflict", &conflict).await?);

    let first = issued(stage, 75, None, Duration::hours(1))?;
    let replayed = Envelope {
        id: format!("{}/replay/2026-11-30T10-00-00Z", first.id),
        causationid: Some(first.id.clone()),
        replayed: Some(true),
        ..first.clone()
    };
    examples.push(stage.example("case.replayed", &replayed).await?);

    let reconciled = Envelope { reconciled: Some(true), traceparent: None, ..first };
    examples.push(stage.example("case.reconciled", &reconciled).await?);

    let revoked = stage.digicert(
        "certificate_revoked",
        &json!({"order_id": 1, "certificate_id": 78}),
        Duration::ZERO,
    )?;
    stage.process(&revoked).await?;
    examples.push(stage.example("case.stale", &issued(stage, 78, None, Duration::ZERO)?).await?);

    let rows = vec!["a row of a report that has no place in the vocabulary"; 20_000];
    let large = stage.digicert("bulk_report", &json!({"rows": rows}), Duration::ZERO)?;
    examples.push(stage.example("case.offloaded", &large).await?);

    // To the simulated Cloudflare, such an id is one of a hostname that was deleted.
    let cloudflare = profile::of(Provider::CLOUDFLARE);
    let mut hostname: Value = serde_json::from_str(&(cloudflare.samples.event)(7))?;
    hostname["data"]["id"] = "gone7".into();
    let gone = stage.receive(cloudflare, hostname.to_string().into_bytes())?.pop();
    examples.push(
        stage.example("case.gone", &gone.context("Cloudflare's receiver read no event")?).await?,
    );
    Ok(examples)
}

/// `certificate_issued` of a certificate, received `age` ago, with its chain or without.
fn issued(stage: &Stage, id: u64, chain: Option<&[String]>, age: Duration) -> Result<Envelope> {
    let mut data = json!({"order_id": 1, "certificate_id": id});
    if let Some(chain) = chain {
        data["certificate_chain"] = chain.iter().map(|pem| json!({"pem": pem})).collect();
    }
    stage.digicert("certificate_issued", &data, age)
}

/// A clock that stands at [`NOW`].
struct Standing;

impl Clock for Standing {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

/// A worker between ports in memory and simulated providers.
struct Stage {
    simulator: Simulator,
    memory: Memory,
    worker: Worker<Memory, Memory, Memory, Memory, Key>,
}

impl Stage {
    async fn start(has_keys: bool) -> Result<Self> {
        let simulator = Simulator::start_with_clock(
            ([127, 0, 0, 1], 0).into(),
            simulator::Settings::default(),
            Arc::new(Standing),
        )
        .await?;
        let bases: Vec<_> = simulator.bases().collect();
        let environment: Environment = profile::ALL
            .iter()
            .flat_map(|row| {
                let base = bases.iter().find(|(name, _)| *name == row.provider.as_str());
                let base = base.map(|(_, base)| (row.api.base_variable, base.clone()));
                base.into_iter()
                    .flat_map(|base| [base, (row.api.budget_variable, "none".to_owned())])
            })
            .chain([
                ("DELIVER_CANARY", "true".to_owned()),
                ("META_DOMAINS", "example.com".to_owned()),
            ])
            .collect();
        let mut settings = Settings::from_environment(&environment)?;
        let roots = TrustAnchors::from_pem(simulator.roots().as_bytes())?;
        settings.trust_anchors = Arc::new(TrustAnchors::mozilla().and(roots));
        let memory = Memory::default();
        let ports = Ports {
            events: memory.clone(),
            deliveries: memory.clone(),
            ledger: memory.clone(),
            archive: memory.clone(),
        };
        let keys = profile::ALL.iter().filter(|row| has_keys && row.has_call_backs);
        let keys: Keys<_> = keys.map(|row| (row.provider, Key)).collect();
        let worker = Worker::with_clock(&settings, ports, keys, Arc::new(Standing))?;
        Ok(Self { simulator, memory, worker })
    }

    fn fault(&self, path: &str, fault: Option<Fault>) {
        self.simulator.faults().set(fault.map(|fault| Rule::new(path, fault)));
    }

    /// The events of a request with this body.
    fn receive(&self, row: &Profile, body: Vec<u8>) -> Result<Vec<Envelope>> {
        self.receive_at(row, body, NOW)
    }

    fn receive_at(
        &self,
        row: &Profile,
        body: Vec<u8>,
        at: OffsetDateTime,
    ) -> Result<Vec<Envelope>> {
        let secret = row.sample_secret(SECRET);
        let mut request = (row.samples.request)(&secret, body, at)?.received(at);
        request.traceparent = Some(TRACEPARENT.to_owned());
        let events = (row.receive)(&request, &secret)?;
        Ok(events.into_iter().map(|event| event.envelope).collect())
    }

    fn digicert(&self, event: &str, data: &Value, age: Duration) -> Result<Envelope> {
        let body = json!({"event": event, "data": data}).to_string().into_bytes();
        let row = profile::of(Provider::DIGICERT);
        let mut envelopes = self.receive_at(row, body, NOW - age)?;
        envelopes.pop().context("CertCentral's receiver read no event")
    }

    /// The messages that come of an envelope.
    async fn process(&self, envelope: &Envelope) -> Result<Vec<String>> {
        let body = serde_json::to_string(envelope)?;
        let message = QueueMessage { id: None, receipt: "1".to_owned(), body, deadline: None };
        self.worker.process(&message).await;
        Ok(self.memory.take())
    }

    /// The one message that comes of an envelope.
    async fn example(&self, name: &str, envelope: &Envelope) -> Result<Example> {
        let delivered = self.process(envelope).await?;
        ensure!(delivered.len() == 1, "{name}: {} deliveries instead of one", delivered.len());
        Example::new(name, &delivered[0])
    }

    /// The chain that the simulated CertCentral has for a certificate, each certificate in PEM.
    async fn chain(&self, id: u64) -> Result<Vec<String>> {
        // Another order makes it another event.
        let data = json!({"order_id": 2, "certificate_id": id});
        let issued = self.digicert("certificate_issued", &data, Duration::ZERO)?;
        let delivered = self.process(&issued).await?;
        let event: Value = serde_json::from_str(delivered.first().context("no delivery")?)?;
        let chain = event["data"]["pem_chain"].as_str().context("no chain")?;
        let blocks = chain.split_inclusive("-----END CERTIFICATE-----\n");
        Ok(blocks.map(str::to_owned).collect())
    }
}

/// This certificate in each state that the comparison of the logs can find.
fn findings(pem: &str) -> Result<Vec<Finding>> {
    let tbs_sha256 = certificate::in_advance(pem)?.tbs_sha256;
    let certificate = Certificate { tbs_sha256, ..Certificate::default() };
    let issued = || Issuance { id: "b1f0".to_owned(), provider: Some(Provider::DIGICERT) };
    Ok([
        (EventType::CtCertificateExpected, Some(MatchingRule::TbsSha256), Some(issued()), true),
        (EventType::CtCertificateUnexpected, None, None, true),
        (EventType::CtCertificateMissing, None, Some(issued()), false),
        (EventType::CtCertificateResolved, Some(MatchingRule::SpkiSha256), Some(issued()), true),
    ]
    .into_iter()
    .map(|(state, rule, issuance, is_observed)| Finding {
        state,
        provider: if is_observed { Provider::CERTSPOTTER } else { Provider::DIGICERT },
        certificate: certificate.clone(),
        pem: Some(pem.to_owned()),
        correlation: Correlation {
            rule,
            issuance,
            observation: is_observed.then(|| "2d9a".to_owned()),
            caa_domains: if is_observed { vec!["ca.example".to_owned()] } else { Vec::new() },
            problem_reporting: is_observed
                .then(|| "Send an e-mail to problems@ca.example.".to_owned()),
            detail: "a sentence for people".to_owned(),
        },
    })
    .collect())
}
