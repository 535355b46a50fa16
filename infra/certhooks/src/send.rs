use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use boot::Environment;
use embedded::{LocalSecrets, Running};
use envelope::Provider;
use ports::SecretSource;
use processing::http;
use providers::profile::{self, Profile, SampleRequest};
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::args::{CommonArgs, ProviderName};
use crate::cli::Send;
use crate::credentials::local_secrets;
use crate::display::clean;
use crate::error::CommandResult;
use crate::output::{complain, say};
use crate::stop_signal::StopSignal;

/// Longer than any webhook endpoint takes. A provider behind it may be slow.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// Interval between progress lines.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// The maximum number of concurrent requests.
const CONCURRENCY: usize = 32;

/// One event file, which can be sent any number of times.
pub(crate) struct Sample {
    path: PathBuf,
    bytes: Vec<u8>,
    document: Value,
    sender: Sender,
}

/// The answer of the webhook endpoint.
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Value,
    duration: Duration,
}

pub(crate) async fn run(arguments: Send) -> CommandResult<ExitCode> {
    let CommonArgs { state, json } = &arguments.common;
    let json = *json;
    let secrets = local_secrets(state, &Environment::of_process());
    let to = match arguments.to.clone() {
        Some(to) => to,
        None => running_on(state)?,
    };
    let client = http::client(TIMEOUT, &to)?;
    let interval = arguments.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
    let total = arguments.count.saturating_mul(arguments.files.len() as u64);
    let each = json || arguments.verbose || arguments.count == 1;
    let mut tally = Tally::new(total, !each && std::io::stderr().is_terminal());
    let sending = send_all(&arguments, &to, &client, &secrets, interval, &mut tally, each);
    let mut stop_signal = StopSignal::listen_for_first()?;
    tokio::select! {
        sent = sending => sent?,
        () = stop_signal.received() => complain!("certhooks: stopped"),
    }
    if !each {
        say!("{}", tally.summary());
    }
    Ok(if tally.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn send_all(
    arguments: &Send,
    to: &Url,
    client: &Client,
    secrets: &LocalSecrets,
    interval: Option<Duration>,
    tally: &mut Tally,
    each: bool,
) -> anyhow::Result<()> {
    let json = arguments.common.json;
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut requests: JoinSet<(PathBuf, anyhow::Result<Answer>)> = JoinSet::new();
    let began = Instant::now();
    let mut sent = 0_u32;
    for path in &arguments.files {
        let sample = Arc::new(Sample::read(path, arguments.provider, secrets).await?);
        for copy in 0..arguments.count {
            if let Some(interval) = interval {
                tokio::time::sleep_until((began + interval * sent).into()).await;
            }
            sent = sent.saturating_add(1);
            let permit = Arc::clone(&permits).acquire_owned().await.context("closed")?;
            while let Some(done) = requests.try_join_next() {
                let (path, answer) = done.context("panic; the line above says where")?;
                tally.add(&path, answer, json, each)?;
            }
            let (sample, client, to) = (Arc::clone(&sample), client.clone(), to.clone());
            let same = arguments.same;
            requests.spawn(async move {
                let answer = sample.send(&client, &to, if same { 0 } else { copy }).await;
                drop(permit);
                (sample.path.clone(), answer)
            });
        }
    }
    while let Some(done) = requests.join_next().await {
        let (path, answer) = done.context("panic; the line above says where")?;
        tally.add(&path, answer, json, each)?;
    }
    Ok(())
}

/// The answers so far.
struct Tally {
    total: u64,
    accepted: u64,
    refused: u64,
    /// How long the answers took, in milliseconds.
    durations: Vec<f64>,
    /// What was printed of those that were not accepted, so that each is said once.
    said: BTreeSet<String>,
    began: Instant,
    shows_progress: bool,
    last_line: Instant,
}

impl Tally {
    fn new(total: u64, shows_progress: bool) -> Self {
        let now = Instant::now();
        let durations = Vec::new();
        Self {
            total,
            accepted: 0,
            refused: 0,
            durations,
            said: BTreeSet::new(),
            began: now,
            shows_progress,
            last_line: now,
        }
    }

    /// Counts an answer, and prints it where each is printed, or where it was not accepted and no other one was
    /// not accepted for the same reason.
    ///
    /// # Errors
    /// Nothing listens at the address, so that there is nothing to send to.
    fn add(
        &mut self,
        path: &Path,
        answer: anyhow::Result<Answer>,
        json: bool,
        each: bool,
    ) -> anyhow::Result<()> {
        let is_first = !json && self.durations.is_empty();
        if is_first && answer.as_ref().is_err_and(is_refused_connection) {
            return answer.map(drop);
        }
        if let Ok(Answer { duration, .. }) = &answer {
            self.durations.push(duration.as_secs_f64() * 1000.0);
        }
        let is_accepted = answer.as_ref().is_ok_and(Answer::is_accepted);
        match is_accepted {
            true => self.accepted += 1,
            false => self.refused += 1,
        }
        if each || (!is_accepted && self.said.insert(outcome(&answer))) {
            report(path, &answer, json);
        }
        if self.shows_progress && self.last_line.elapsed() >= PROGRESS_INTERVAL {
            self.last_line = Instant::now();
            complain!("certhooks: {}", self.counts());
        }
        Ok(())
    }

    fn counts(&self) -> String {
        let Self { total, accepted, refused, .. } = self;
        let done = accepted + refused;
        let rate = done as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        format!("{done} of {total} sent, {accepted} accepted, {refused} not; {rate:.0} a second")
    }

    fn summary(&self) -> String {
        if self.durations.is_empty() {
            return format!("{}; none answered", self.counts());
        }
        let mut durations = self.durations.clone();
        durations.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (durations.len() as f64 * share) as usize;
            durations.get(index.min(durations.len().saturating_sub(1))).copied().unwrap_or(0.0)
        };
        let (median, late, longest) = (at(0.5), at(0.99), at(1.0));
        format!(
            "{}; answered in {median:.1} ms (median), {late:.1} ms (99 of 100), {longest:.1} ms (all)",
            self.counts()
        )
    }

    fn is_complete(&self) -> bool {
        self.accepted == self.total
    }
}

impl Answer {
    pub(crate) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The address of the webhook endpoints that serve this state folder, on this machine.
pub(crate) fn running_on(state: &Path) -> anyhow::Result<Url> {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 3000));
    on_this_machine(Running::read(state).map_or(default, |running| running.webhooks))
}

/// The URL at which this machine reaches a process that listens on this address.
pub(crate) fn on_this_machine(mut address: SocketAddr) -> anyhow::Result<Url> {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    Ok(Url::parse(&format!("http://{address}"))?)
}

impl Sample {
    pub(crate) async fn read(
        path: &Path,
        provider: Option<ProviderName>,
        secrets: &LocalSecrets,
    ) -> anyhow::Result<Self> {
        let name = || path.display().to_string();
        let bytes = tokio::fs::read(path).await.with_context(name)?;
        // A body that is not JSON may be sent too, to see it refused; then --provider is needed.
        let document: serde_json::Result<Value> = serde_json::from_slice(&bytes);
        let provider = match provider {
            Some(name) => name.0,
            None => provider_of(document.as_ref()).with_context(name)?,
        };
        let document = document.unwrap_or_default();
        let sender = Sender::of(secrets, provider).await?;
        Ok(Self { path: path.to_owned(), bytes, document, sender })
    }

    /// Sends a copy; copy 0 is the file byte for byte.
    pub(crate) async fn send(
        &self,
        client: &Client,
        to: &Url,
        copy: u64,
    ) -> anyhow::Result<Answer> {
        let body = if copy == 0 {
            self.bytes.clone()
        } else {
            serde_json::to_vec(&self.sender.vary(&self.document, copy))?
        };
        let request = self.sender.request(body)?;
        let address = self.sender.address(to, &request.query);
        let began = Instant::now();
        let mut builder = client.request(request.method, &address).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.with_context(|| {
            format!("{address}: no answer; check that `certhooks local` is running")
        })?;
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Answer { status, body, duration: began.elapsed() })
    }
}

/// Sends bodies as a provider itself would: with its secret or signature, to its route.
pub(crate) struct Sender {
    profile: &'static Profile,
    secret: SecretString,
}

impl Sender {
    /// With the webhook secret of the environment or the state folder.
    pub(crate) async fn of(secrets: &LocalSecrets, provider: Provider) -> anyhow::Result<Self> {
        let secret = secrets.webhook(provider).current().await?.current;
        let secret = secret.context("no webhook secret is configured")?;
        Ok(Self { profile: profile::of(provider), secret })
    }

    /// The request with which the provider would send this body.
    ///
    /// # Errors
    /// The secret cannot be used.
    pub(crate) fn request(&self, body: Vec<u8>) -> anyhow::Result<SampleRequest> {
        (self.profile.samples.request)(&self.secret, body, OffsetDateTime::now_utc())
            .context("no webhook secret is configured")
    }

    /// The address of the route below `base`.
    pub(crate) fn address(&self, base: &Url, query: &str) -> String {
        let base = base.as_str().trim_end_matches('/');
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{base}{}{separator}{query}", self.profile.route)
    }

    /// Copy number `copy` of an event, with ids of its own, so that it is not a duplicate. Copy 0 is the
    /// event itself.
    fn vary(&self, document: &Value, copy: u64) -> Value {
        let mut varied = document.clone();
        if copy != 0 {
            (self.profile.samples.vary)(&mut varied, copy);
        }
        varied
    }
}

/// The provider whose event a file holds, recognised by its form.
///
/// # Errors
/// The file is no JSON, or has the form of no provider's event.
fn provider_of(document: Result<&Value, &serde_json::Error>) -> anyhow::Result<Provider> {
    const ALL_THE_SAME: &str = "send it all the same with --provider";
    let document = document.map_err(|error| {
        match error.is_eof() && error.line() <= 1 && error.column() == 0 {
            true => anyhow!("the file is empty; {ALL_THE_SAME}"),
            false => anyhow!("not JSON: {error}; {ALL_THE_SAME}"),
        }
    })?;
    let row = profile::ALL.iter().find(|profile| (profile.samples.recognises)(document));
    let row = row.with_context(|| {
        format!("the document has the form of no provider's event; {ALL_THE_SAME}")
    })?;
    Ok(row.provider)
}

/// Whether the request did not reach a server.
fn is_refused_connection(error: &anyhow::Error) -> bool {
    error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect)
}

/// An answer without what differs from one to the next.
fn outcome(answer: &anyhow::Result<Answer>) -> String {
    match answer {
        Ok(Answer { status, body, .. }) => format!("{status} {}", summary(body)),
        Err(error) => format!("{error:#}"),
    }
}

/// Prints one line; returns whether the answer was 2xx.
pub(crate) fn report(path: &Path, answer: &anyhow::Result<Answer>, json: bool) -> bool {
    let file = path.display().to_string();
    match answer {
        Ok(answer) => {
            let Answer { status, body, duration } = answer;
            let millis = duration.as_secs_f64() * 1000.0;
            if json {
                say!(
                    "{}",
                    json!({"file": file, "status": status, "answer": body, "millis": millis})
                );
            } else {
                say!("{status}  {millis:>8.1} ms  {file}  {}", summary(body));
            }
            answer.is_accepted()
        }
        Err(error) => {
            if json {
                say!("{}", json!({"file": file, "error": format!("{error:#}")}));
            } else {
                complain!("certhooks: {file}: {error:#}");
            }
            false
        }
    }
}

fn summary(body: &Value) -> String {
    match (body["accepted"].as_u64(), body["detail"].as_str()) {
        (Some(accepted), _) => format!("accepted {accepted}"),
        (None, Some(detail)) => clean(detail),
        (None, None) => String::new(),
    }
}
