use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use envelope::{CertificateEvent, EventType, Provider};
use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use providers::profile;
use reqwest::Client;
use serde_json::{Map, Value, json};
use simulator::{DigicertEvent, Fault, Rule};
use tokio::net::TcpListener;

use crate::local::database::{Database, each_delivery};
use crate::local::testbed::LocalTestbed;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::{api_variables, planted, scanner};
use crate::testbed::Testbed;

const CONCURRENCY: usize = 8;
const FIRST_ORDER: u64 = 2_000_000;
/// The simulated CertCentral gives an order's certificate this number.
const CERTIFICATE: u64 = 11_111;
/// Reconciliations until nothing is missing; one is enough unless the run itself is interrupted.
const RUNS: usize = 3;

/// What happens to the true event of an order on its way, and what somebody forges beside it. All of it
/// follows from the seed, which the program under test does not know.
#[derive(Clone, Copy, Debug)]
struct Order {
    number: u64,
    /// The certificate is revoked afterwards.
    is_revoked: bool,
    /// CertCentral does not reach the endpoint.
    is_withheld: bool,
    /// The API answers the first calls for the certificate with this many faults.
    wrong_answers: u32,
    forgery: Option<Forgery>,
}

#[derive(Clone, Copy, Debug)]
enum Forgery {
    /// The event with another certificate, before the true one.
    Before,
    /// The same, after it.
    After,
    /// The revocation of a certificate that is not revoked.
    Revocation,
}

impl Order {
    fn of(number: u64, random: &mut Rng) -> Self {
        let mut percent = |chance: u64| random.u64(..100) < chance;
        let is_withheld = percent(10);
        let wrong_answers = match percent(1) {
            true => 1 + u32::from(percent(50)),
            false => 0,
        };
        let is_revoked = percent(5);
        let forgery = percent(2).then(|| match random.u64(..3) {
            0 => Forgery::Before,
            1 => Forgery::After,
            _ => Forgery::Revocation,
        });
        let is_contradictory = is_revoked && matches!(forgery, Some(Forgery::Revocation));
        let forgery = forgery.filter(|_| !is_contradictory);
        Self { number: FIRST_ORDER + number, is_revoked, is_withheld, wrong_answers, forgery }
    }

    fn certificate(&self) -> u64 {
        self.number + CERTIFICATE
    }

    fn data(&self) -> Map<String, Value> {
        let ids = [("order_id", self.number), ("certificate_id", self.certificate())];
        ids.into_iter().map(|(name, id)| (name.to_owned(), json!(id))).collect()
    }
}

/// A day of a CertCentral account: one tenth of the events does not arrive, one answer in a hundred is wrong, and two
/// events in a hundred are forged by somebody who knows the webhook key. In the end every true event was
/// delivered once, with the provider's certificate, and every forged one is marked or was not delivered.
pub(crate) async fn day(programs: &Programs, events: u64, mut row: Row) -> Result<Row> {
    let mut testbed = LocalTestbed::start(programs, scanner(&[])).await?;
    let mut random = Rng::with_seed(row.seed);
    let orders: Vec<_> = (0..events).map(|number| Order::of(number, &mut random)).collect();
    let withheld: HashSet<_> =
        orders.iter().filter(|order| order.is_withheld).map(|order| order.number).collect();
    row.measure("withheld", withheld.len());
    let certhooks = Certhooks::of(&testbed, programs)?;
    let endpoint = relay(&certhooks.endpoint, withheld).await?;
    certhooks.run(&["digicert", "webhook", "subscribe", "--endpoint", &endpoint]).await?;
    plan_wrong_answers(&testbed, &orders);

    let forger = Forger::new(&testbed, &certhooks.endpoint)?;
    let mut waiting = orders.iter();
    let mut happening = FuturesUnordered::new();
    loop {
        while happening.len() < CONCURRENCY
            && let Some(order) = waiting.next()
        {
            happening.push(happen(&testbed, &forger, *order));
        }
        match happening.next().await {
            Some(result) => result?,
            None => break,
        }
    }
    drop(happening);
    testbed.settle().await?;
    reconcile(&certhooks, &mut testbed).await?;

    row.faults = orders
        .iter()
        .map(|order| u64::from(order.wrong_answers) + u64::from(order.is_withheld))
        .sum();
    row.measure("forged", orders.iter().filter(|order| order.forgery.is_some()).count());
    let state = testbed.folder().to_owned();
    testbed.stop()?;
    evaluate(&orders, &state, row).await
}

/// The compiled command, with the state folder and the API of the testbed.
struct Certhooks {
    program: PathBuf,
    state: PathBuf,
    variables: Vec<(String, String)>,
    /// The address of the webhook endpoint.
    endpoint: String,
}

impl Certhooks {
    fn of(testbed: &LocalTestbed, programs: &Programs) -> Result<Self> {
        let row = profile::of(Provider::DIGICERT);
        let mut variables = api_variables(|name| testbed.simulator.base_of(name));
        let members = row.webhook_secret.iter().chain([&row.api.secret]);
        variables.extend(members.map(|member| (member.variable.to_owned(), planted(member))));
        let endpoint = format!("http://{}{}", testbed.address()?, row.route);
        let (program, state) = (programs.certhooks.clone(), testbed.folder().to_owned());
        Ok(Self { program, state, variables, endpoint })
    }

    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--state").arg(&self.state).env_clear();
        command.envs(self.variables.iter().cloned());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() != Some(2) && !output.stdout.is_empty(),
            "{arguments:?}: {error}"
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// What lies between CertCentral and the webhook endpoint. Returns its address.
async fn relay(endpoint: &str, withheld: HashSet<u64>) -> Result<String> {
    struct Relay {
        client: Client,
        endpoint: String,
        withheld: HashSet<u64>,
    }
    async fn pass(State(relay): State<Arc<Relay>>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        let number = document["data"]["order_id"].as_u64().unwrap_or_default();
        if relay.withheld.contains(&number) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let request = relay.client.post(&relay.endpoint).headers(headers).body(body);
        request.send().await.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
    }
    let client = Client::builder().no_proxy().build()?;
    let relay = Arc::new(Relay { client, endpoint: endpoint.to_owned(), withheld });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/", listener.local_addr()?);
    let router = Router::new().fallback(pass).with_state(relay);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

fn plan_wrong_answers(testbed: &LocalTestbed, orders: &[Order]) {
    let faults = [Fault::Html, Fault::GarbageArmour, Fault::TruncatedPem, Fault::CutOff];
    for (number, order) in orders.iter().filter(|order| order.wrong_answers > 0).enumerate() {
        let path = format!("/services/v2/certificate/{}/", order.certificate());
        let rule = Rule::new(path, faults[number % faults.len()].clone());
        testbed.simulator.faults().add(rule.times(order.wrong_answers));
    }
}

/// Somebody who knows the webhook key.
struct Forger {
    client: Client,
    endpoint: String,
    base: String,
}

impl Forger {
    fn new(testbed: &LocalTestbed, endpoint: &str) -> Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        let base = testbed.simulator.base_of(Provider::DIGICERT.as_str());
        Ok(Self { client, endpoint: endpoint.to_owned(), base })
    }

    /// An event of this order with a chain that belongs to another one.
    async fn send(&self, event: &str, order: Order) -> Result<()> {
        let row = profile::of(Provider::DIGICERT);
        let url = format!("{}/certificate/{}/download/format/pem_all", self.base, order.number);
        let key = planted(&row.api.secret);
        let answer = self.client.get(url).header("X-DC-DEVKEY", key).send().await?;
        let pem = answer.error_for_status()?.text().await?;
        let end = "-----END CERTIFICATE-----";
        let links = pem.split_inclusive(end).filter(|link| link.contains(end));
        let chain: Vec<_> = links.map(|pem| json!({"pem": pem.trim()})).collect();
        let mut data = order.data();
        data.insert("certificate_chain".to_owned(), json!(chain));
        let body = json!({"event": event, "data": data}).to_string();
        let secret = planted(row.webhook_secret.first().context("no webhook key")?);
        let request = self.client.post(&self.endpoint).header("x-webhook-key", secret).body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

async fn happen(testbed: &LocalTestbed, forger: &Forger, order: Order) -> Result<()> {
    let send = async |event: &str| {
        let event = DigicertEvent::new(event).with_data(order.data());
        testbed.simulator.send_digicert_event(event).await
    };
    if matches!(order.forgery, Some(Forgery::Before)) {
        forger.send("certificate_issued", order).await?;
    }
    send("certificate_issued").await?;
    match order.forgery {
        Some(Forgery::After) => forger.send("certificate_issued", order).await?,
        Some(Forgery::Revocation) => forger.send("certificate_revoked", order).await?,
        Some(Forgery::Before) | None => {}
    }
    if order.is_revoked {
        send("certificate_revoked").await?;
    }
    Ok(())
}

/// Reconciles until nothing is missing.
async fn reconcile(certhooks: &Certhooks, testbed: &mut LocalTestbed) -> Result<()> {
    for _ in 0..RUNS {
        let report: Value = serde_json::from_str(&certhooks.run(&["reconcile", "--json"]).await?)?;
        testbed.settle().await?;
        let count = |name: &str| report[name].as_u64().context("the report has no such number");
        if count("recovered")? + count("waiting")? + count("still_missing")? == 0 {
            return Ok(());
        }
    }
    bail!("events are still missing after {RUNS} runs")
}

async fn evaluate(orders: &[Order], state: &Path, mut row: Row) -> Result<Row> {
    let mut issued: BTreeMap<String, Vec<CertificateEvent>> = BTreeMap::new();
    let mut revoked: BTreeMap<String, Vec<CertificateEvent>> = BTreeMap::new();
    let mut failure = None;
    let read = each_delivery(state, |body| match serde_json::from_str::<CertificateEvent>(body) {
        Ok(event) if event.kind == EventType::CertificateIssued.as_str() => {
            issued.entry(event.subject.clone()).or_default().push(event);
        }
        Ok(event) if event.kind == EventType::CertificateRevoked.as_str() => {
            revoked.entry(event.subject.clone()).or_default().push(event);
        }
        Ok(_) => {}
        Err(error) => failure = Some(error),
    });
    read.await?;
    if let Some(error) = failure {
        return Err(error).context("a delivery is no certificate event");
    }
    let delivered = issued.values().chain(revoked.values()).flatten();
    let recovered = delivered.filter(|event| event.reconciled == Some(true)).count();
    row.measure("recovered", recovered);
    let refused = Database::open(state)?.conflicts()?;
    let (mut forged_chains, mut marked_chains) = (0, refused);
    for order in orders {
        let subject = format!("digicert/certificate/{}", order.certificate());
        let empty = Vec::new();
        let events = issued.get(&subject).unwrap_or(&empty);
        let name = format!("www-{}.example.com", order.certificate());
        let is_true = |event: &&CertificateEvent| {
            let leaf = event.data.certificates.first().and_then(|leaf| leaf.names.as_ref());
            leaf.is_some_and(|names| names.dns.contains(&name))
        };
        row.events += 1;
        row.lost += u64::from(!events.iter().any(|event| is_true(&event)));
        let repeated = (events.len() as u64).saturating_sub(1);
        count(&mut row, "issued more than once", repeated);
        let differs = |event: &&CertificateEvent| event.data.checks.confirmed.code == "differs";
        marked_chains += events.iter().filter(differs).count() as u64;
        forged_chains += u64::from(matches!(order.forgery, Some(Forgery::Before | Forgery::After)));

        let events = revoked.get(&subject).unwrap_or(&empty);
        let is_marked = |event: &&CertificateEvent| !event.data.problems.is_empty();
        let marked = events.iter().filter(is_marked).count();
        let is_forged = matches!(order.forgery, Some(Forgery::Revocation));
        row.events += u64::from(order.is_revoked);
        row.lost += u64::from(order.is_revoked && events.is_empty());
        let is_expected = events.len() == usize::from(order.is_revoked || is_forged)
            && marked == usize::from(is_forged);
        count(&mut row, "revocations that are not as expected", u64::from(!is_expected));
    }
    row.measure("forged, and not delivered", refused);
    count(&mut row, "forged chains without a mark", u64::abs_diff(forged_chains, marked_chains));
    Ok(row)
}

/// Counts what the contract does not explain, by its kind.
fn count(row: &mut Row, kind: &str, number: u64) {
    row.unexplained += number;
    if number > 0 {
        *row.at.entry(kind.to_owned()).or_default() += number;
    }
}
