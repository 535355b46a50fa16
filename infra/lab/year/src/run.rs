use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use embedded::Delivered;
use envelope::{Certificate, EventType, Names};
use futures_util::{StreamExt, TryStreamExt, stream};
use ports::Clock;
use processing::correlation::Announcement;
use rcgen::KeyPair;
use serde_json::Value;
use simulator::{Issuer, Order, certificate_id};
use time::{Duration, OffsetDateTime};

use crate::plan::{DOMAINS, Happening, Issuance, Kind, Plan, Scale, domain, hostname, order_of};
use crate::results::Results;
use crate::testbed::Testbed;

/// How long after the last event the run goes on: what was lost arrives with a later round.
const TAIL: Duration = Duration::hours(6);
/// The number of webhooks that are sent at a time.
const SENDERS: usize = 32;
/// Who issues the backup certificates, as the operator says it.
const BACKUP_ISSUER: &str = "Certhooks Simulator Foreign TLS CA";

/// What was delivered about one issuance, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) issued: Option<OffsetDateTime>,
    pub(crate) is_stale: bool,
    pub(crate) revoked: Option<OffsetDateTime>,
    pub(crate) observed: Option<OffsetDateTime>,
    pub(crate) expected: Option<OffsetDateTime>,
    pub(crate) unexpected: Option<OffsetDateTime>,
}

/// What the year came to.
#[derive(Default)]
pub(crate) struct Observed {
    /// By the index of the issuance.
    pub(crate) seen: Vec<Seen>,
    pub(crate) deliveries: u64,
    /// Ids that were delivered twice.
    pub(crate) duplicates: usize,
    /// What nobody planned: alarms about what is expected, events of kinds that nothing led to.
    pub(crate) unplanned: Vec<String>,
    /// The number of calls to the providers' APIs from the mass revocation until the last of its events that was not lost is delivered.
    pub(crate) calls_of_mass: Option<u64>,
}

struct Run<'a> {
    scale: &'a Scale,
    plan: &'a Plan,
    testbed: Testbed,
    keys: HashMap<u32, Arc<KeyPair>>,
    precertificates: HashMap<usize, String>,
    /// The issuances by the hash that their certificates and precertificates share.
    by_tbs: HashMap<String, usize>,
    ids: HashSet<String>,
    sequence: i64,
    /// Revocations of the mass revocation that are still to come, and the number of calls before it.
    awaited: usize,
    calls_before: u64,
    observed: Observed,
}

/// Runs a year that ends now, in a state folder, and has the compiled command explain what was found.
///
/// # Errors
/// It cannot run to its end. What it found against the promises is in the results.
pub async fn run(scale: &Scale, folder: &Path, certhooks: &Path) -> Result<Results> {
    let began = Instant::now();
    let now = OffsetDateTime::now_utc();
    let end = now
        - Duration::seconds(now.unix_timestamp() % 3600)
        - Duration::nanoseconds(now.nanosecond().into());
    let plan = Plan::new(scale, end);
    let mut run = Run {
        scale,
        plan: &plan,
        testbed: Testbed::start(folder, plan.begin, scale.grace()).await?,
        keys: HashMap::new(),
        precertificates: HashMap::new(),
        by_tbs: HashMap::new(),
        ids: HashSet::new(),
        sequence: 0,
        awaited: plan.issuances.iter().filter(|issuance| has_mass_webhook(issuance)).count(),
        calls_before: 0,
        observed: Observed {
            seen: vec![Seen::default(); plan.issuances.len()],
            ..Observed::default()
        },
    };
    run.testbed.expect(&backups()).await?;
    run.live().await?;
    let explained = run.explained(folder, certhooks)?;
    let overdue = overdue(folder, certhooks)?;
    Results::new(scale, &plan, &run.observed, explained, &overdue, began.elapsed())
}

/// Whether an issuance is revoked with all others, and the webhook of that arrives.
fn has_mass_webhook(issuance: &Issuance) -> bool {
    issuance.revoked.is_some_and(|it| it.is_of_all && !it.is_webhook_lost)
}

/// The backup certificates that the operator expects.
fn backups() -> Announcement {
    let dns = (0..DOMAINS).map(|number| format!(".backup.{}", domain(number))).collect();
    let names = Some(Names { dns, ..Names::default() });
    Announcement {
        id: "operator/backups".to_owned(),
        provider: None,
        certificate: Certificate { names, ..Certificate::default() },
        pem: None,
        issuer: Some(BACKUP_ISSUER.to_owned()),
    }
}

impl Run<'_> {
    /// Moves the clock from one time at which something is to do to the next.
    async fn live(&mut self) -> Result<()> {
        let mut round = self.plan.begin;
        let mut happenings = self.plan.happenings.iter().peekable();
        let until = self.plan.end + TAIL;
        loop {
            let planned = happenings.peek().map(|(time, _)| *time);
            let times = [planned, Some(round), self.testbed.next().await?];
            let now = times.into_iter().flatten().min().context("nothing is ever to do")?;
            if now > until {
                return Ok(());
            }
            self.testbed.clock.set(now);
            let mut of_now = Vec::new();
            while let Some((_, happening)) = happenings.next_if(|(time, _)| *time <= now) {
                of_now.push(*happening);
            }
            self.happen(&of_now).await?;
            if now >= round {
                self.testbed.run_scheduled().await?;
                round += self.scale.round();
            }
            self.testbed.drain().await?;
            self.take_deliveries().await?;
            if now >= until {
                return Ok(());
            }
        }
    }

    /// Has the providers do what is planned, and sends their webhooks: first those that are lost.
    async fn happen(&mut self, happenings: &[Happening]) -> Result<()> {
        let (mut sent, mut lost) = (Vec::new(), Vec::new());
        for happening in happenings {
            let (Happening::Issued(index)
            | Happening::Logged(index)
            | Happening::Announced(index)
            | Happening::Revoked(index)) = *happening;
            let issuance = &self.plan.issuances[index];
            let is_lost = match happening {
                Happening::Issued(_) => {
                    self.issue(index)?;
                    continue;
                }
                Happening::Logged(_) => issuance.is_log_webhook_lost,
                Happening::Announced(_) => issuance.is_webhook_lost,
                Happening::Revoked(_) => issuance.revoked.is_some_and(|it| it.is_webhook_lost),
            };
            let shown = match happening {
                Happening::Logged(_) => Some(self.log(index)?),
                _ => None,
            };
            if is_lost { lost.push((*happening, shown)) } else { sent.push((*happening, shown)) }
        }
        if self.calls_before == 0 && self.testbed.clock.now() == self.plan.mass_revocation {
            self.calls_before = self.testbed.simulator.requests().total();
        }
        for (happenings, is_lost) in [(lost, true), (sent, false)] {
            let testbed = &self.testbed;
            let sending =
                happenings.into_iter().map(async |(happening, shown)| match (happening, shown) {
                    (Happening::Announced(index), _) => {
                        testbed.tell("certificate_issued", order_of(index), is_lost).await
                    }
                    (Happening::Revoked(index), _) => {
                        testbed.tell("certificate_revoked", order_of(index), is_lost).await
                    }
                    (_, Some(issuance)) if !is_lost => testbed.show(&issuance).await,
                    _ => Ok(()),
                });
            stream::iter(sending).buffer_unordered(SENDERS).try_collect::<Vec<()>>().await?;
        }
        Ok(())
    }

    fn issue(&mut self, index: usize) -> Result<()> {
        let issuance = &self.plan.issuances[index];
        let key = match self.keys.get(&issuance.name).filter(|_| !issuance.rekeys) {
            Some(key) => Arc::clone(key),
            None => Arc::new(KeyPair::generate()?),
        };
        let number = index as u64;
        let issuer = match issuance.kind {
            Kind::Ordered => Issuer::Digicert { order: order_of(index) },
            Kind::RogueOfOtherAccount => Issuer::OtherAccount(number),
            Kind::Backup | Kind::RogueOfOtherCa => Issuer::OtherCa(number),
        };
        if issuance.kind == Kind::Ordered {
            self.keys.insert(issuance.name, Arc::clone(&key));
        }
        let order =
            Order { names: vec![hostname(issuance.name)], key, lifetime: self.plan.lifetime };
        let precertificate = self.testbed.simulator.place_order(issuer, &order)?;
        self.precertificates.insert(index, precertificate);
        Ok(())
    }

    /// Has the logs show an issuance, which Cert Spotter lists from then on.
    fn log(&mut self, index: usize) -> Result<Value> {
        let pem = self.precertificates.remove(&index).context("logged before it was issued")?;
        let issuance = self.testbed.simulator.log_certificate(&pem)?;
        let tbs = issuance["tbs_sha256"].as_str().context("an issuance without tbs_sha256")?;
        self.by_tbs.insert(tbs.to_owned(), index);
        Ok(issuance)
    }

    async fn take_deliveries(&mut self) -> Result<()> {
        loop {
            let delivered = self.testbed.delivered_after(self.sequence).await?;
            let Some(last) = delivered.last() else { return Ok(()) };
            self.sequence = last.sequence;
            for one in &delivered {
                self.observed.deliveries += 1;
                if !self.ids.insert(one.id.clone()) {
                    self.observed.duplicates += 1;
                }
                self.take(one)?;
            }
        }
    }

    fn take(&mut self, delivered: &Delivered) -> Result<()> {
        let Delivered { kind, subject, published, body, .. } = delivered;
        let Some(index) = self.index_of(subject) else {
            self.observed.unplanned.push(format!("{kind} {subject}"));
            return Ok(());
        };
        let seen = &mut self.observed.seen[index];
        let kind_of = |kind: &str| serde_json::from_value::<EventType>(kind.into()).ok();
        let place = match kind_of(kind) {
            Some(EventType::CertificateIssued) => {
                let event: Value = serde_json::from_str(body)?;
                seen.is_stale = event["ordering"] == "stale";
                &mut seen.issued
            }
            Some(EventType::CertificateRevoked) => {
                if has_mass_webhook(&self.plan.issuances[index]) && seen.revoked.is_none() {
                    self.awaited -= 1;
                    if self.awaited == 0 {
                        let calls = self.testbed.simulator.requests().total() - self.calls_before;
                        self.observed.calls_of_mass = Some(calls);
                    }
                }
                &mut seen.revoked
            }
            Some(EventType::CtCertificateObserved) => &mut seen.observed,
            Some(EventType::CtCertificateExpected) => &mut seen.expected,
            Some(EventType::CtCertificateUnexpected) => {
                let event: Value = serde_json::from_str(body)?;
                ensure!(
                    event["data"]["correlation"]["detail"].is_string(),
                    "{subject}: no reason is given"
                );
                &mut seen.unexpected
            }
            _ => {
                self.observed.unplanned.push(format!("{kind} {subject}"));
                return Ok(());
            }
        };
        place.get_or_insert(*published);
        Ok(())
    }

    fn index_of(&self, subject: &str) -> Option<usize> {
        if let Some(tbs) = subject.strip_prefix("ct/certificate/") {
            return self.by_tbs.get(tbs).copied();
        }
        let certificate: u64 = subject.strip_prefix("digicert/certificate/")?.parse().ok()?;
        let index = certificate.checked_sub(certificate_id(order_of(0)))?;
        usize::try_from(index).ok().filter(|index| *index < self.plan.issuances.len())
    }

    /// How many of the alarms `certhooks status` explains.
    fn explained(&self, folder: &Path, certhooks: &Path) -> Result<usize> {
        let alarms = self
            .by_tbs
            .iter()
            .filter(|(_, index)| self.observed.seen[**index].unexpected.is_some());
        let explained = alarms.map(|(tbs, _)| -> Result<usize> {
            let name = format!("ct/certificate/{tbs}");
            let output = command(certhooks, folder, &["status", &name])?;
            Ok(usize::from(output.contains(EventType::CtCertificateUnexpected.as_str())))
        });
        explained.sum()
    }
}

/// The hostnames that `certhooks certificates --overdue` lists now.
fn overdue(folder: &Path, certhooks: &Path) -> Result<HashSet<String>> {
    let listed = command(certhooks, folder, &["certificates", "--overdue"])?;
    let name = |line: &str| -> Result<String> {
        let row: Value = serde_json::from_str(line)?;
        Ok(row["name"].as_str().context("a certificate without a name")?.to_owned())
    };
    listed.lines().map(name).collect()
}

/// The output of the compiled command about a state folder.
fn command(certhooks: &Path, folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = std::process::Command::new(certhooks);
    let output = command.args(arguments).arg("--json").arg("--state").arg(folder).output();
    let output = output.with_context(|| certhooks.display().to_string())?;
    ensure!(
        matches!(output.status.code(), Some(0 | 3)),
        "certhooks {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
