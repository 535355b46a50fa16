//! Compares the certificates that Certificate Transparency logs show with those that are known to be issued
//! (infra/docs/architecture.md, "What the logs show").
//!
//! - [`rules`]: what belongs together, and what follows; pure
//! - [`facts`]: where the facts are kept in the ledger

mod facts;
mod rules;

use envelope::{Certificate, CertificateEvent, CheckResult, Envelope, EventType};
use ports::{EventsQueue, Ledger, Outgoing, PortError, PortResult};
use providers::envelope_builder::fair_queue_group;
use providers::interpretation::IssuerContact;
use providers::receiver::Receipt;
use time::{Duration, OffsetDateTime};

pub use self::facts::{ToBeLogged, announce, forget_to_be_logged, to_be_logged};
pub use self::rules::{Announcement, covers};
use self::rules::{Facts, Observation, State, Step, next};

/// How long after its issuance a certificate is to be in the logs.
const LOGGED_AFTER: Duration = Duration::DAY;

/// The events whose certificates were issued.
const ISSUED: [EventType; 3] =
    [EventType::CertificateIssued, EventType::CertificateRenewed, EventType::CertificateDeployed];

/// Compares what an event says with what is known, and puts on the queue what follows. May be repeated.
pub(crate) async fn correlate(
    events: &impl EventsQueue,
    ledger: &impl Ledger,
    event: &CertificateEvent,
    issuer: &IssuerContact,
    grace: Duration,
    now: OffsetDateTime,
) -> PortResult<()> {
    let certificates = &event.data.certificates;
    if event.kind == EventType::CtCertificateObserved.as_str() {
        let Some(observation) = observation(event, issuer, grace) else { return Ok(()) };
        let tbs_sha256 = facts::observe(ledger, &observation, now).await?;
        return settle(events, ledger, &tbs_sha256, event.simulated, now).await.map(drop);
    }
    if !ISSUED.iter().any(|kind| kind.as_str() == event.kind) {
        return Ok(());
    }
    // Of a chain the leaf comes first. Cloudflare tells of several leaves, none of them as PEM.
    let leaves = if event.data.pem_chain.is_some() { 1 } else { certificates.len() };
    for (position, leaf) in certificates.iter().take(leaves).enumerate() {
        let is_doubtful =
            matches!(event.data.checks.ct.result, CheckResult::Failed | CheckResult::Unknown);
        let announcement = Announcement {
            id: event.id.clone(),
            provider: Some(event.data.provider),
            certificate: with_names(leaf, event),
            // For the event that says that it is missing; the others have what the logs showed.
            pem: first_pem(event).filter(|_| position == 0 && is_doubtful),
            issuer: None,
        };
        if announcement.pem.is_some() {
            facts::await_logging(ledger, &announcement, now + LOGGED_AFTER).await?;
        }
        for tbs_sha256 in facts::store(ledger, &announcement, now).await? {
            settle(events, ledger, &tbs_sha256, event.simulated, now).await?;
        }
    }
    Ok(())
}

/// Decides about the certificates whose time has come. Called on a schedule.
///
/// # Errors
/// The queue or the ledger fails. The call may be repeated.
pub async fn settle_due(
    events: &impl EventsQueue,
    ledger: &impl Ledger,
    simulated: Option<bool>,
    now: OffsetDateTime,
) -> PortResult<usize> {
    let due = facts::due(ledger, now).await?;
    for one in &due {
        if settle(events, ledger, &one.tbs_sha256, simulated, now).await? {
            facts::forget_due(ledger, one).await?;
        }
    }
    Ok(due.len())
}

/// Says that a certificate is missing in a complete list of what the logs show, unless they have shown it.
///
/// # Errors
/// As [`settle_due`].
pub async fn report_missing(
    events: &impl EventsQueue,
    ledger: &impl Ledger,
    announcement: &Announcement,
    simulated: Option<bool>,
    now: OffsetDateTime,
) -> PortResult<()> {
    let Some(tbs_sha256) = &announcement.certificate.tbs_sha256 else { return Ok(()) };
    let known = facts::read(ledger, tbs_sha256).await?;
    if known.observation.is_some() || known.state.is_some() {
        return Ok(());
    }
    let (kind, cause) = (EventType::CtCertificateMissing, announcement.id.clone());
    let state = State { kind, cause, is_sent: false };
    facts::store_state(ledger, tbs_sha256, &state, now).await?;
    settle(events, ledger, tbs_sha256, simulated, now).await.map(drop)
}

/// Takes step after step about one certificate until there is nothing to do. `false` where there is, later.
async fn settle(
    events: &impl EventsQueue,
    ledger: &impl Ledger,
    tbs_sha256: &str,
    simulated: Option<bool>,
    now: OffsetDateTime,
) -> PortResult<bool> {
    // Each step is taken at most once by each of the states that a certificate can have.
    for _ in 0..10 {
        let facts = facts::read(ledger, tbs_sha256).await?;
        match next(&facts, now) {
            Step::Nothing => return Ok(true),
            Step::Wait(due) => {
                facts::wait(ledger, tbs_sha256, due).await?;
                return Ok(false);
            }
            Step::Store(state) => facts::store_state(ledger, tbs_sha256, &state, now).await?,
            Step::Send(state) => {
                send(events, &facts, &state, simulated, now).await?;
                let state = State { is_sent: true, ..state };
                facts::store_state(ledger, tbs_sha256, &state, now).await?;
            }
        }
    }
    Err(PortError(format!("certificate {tbs_sha256}: its state changes again and again")))
}

async fn send(
    events: &impl EventsQueue,
    facts: &Facts,
    state: &State,
    simulated: Option<bool>,
    now: OffsetDateTime,
) -> PortResult<()> {
    let Some(finding) = facts.finding(state) else { return Ok(()) };
    let receipt = Receipt { at: now, traceparent: None };
    let envelope = finding.envelope(&state.cause, &receipt);
    let envelope = envelope.ok_or_else(|| PortError("a finding without its certificate".into()))?;
    let envelope = Envelope { simulated, ..envelope };
    let group = fair_queue_group(&envelope.source);
    events.send(vec![Outgoing::new(&envelope, finding.provider, group)?]).await
}

/// What the logs show, of an event that says so. `None` without the hash by which it is known.
fn observation(
    event: &CertificateEvent,
    issuer: &IssuerContact,
    grace: Duration,
) -> Option<Observation> {
    let certificate = event.data.certificates.first()?;
    certificate.tbs_sha256.as_ref()?;
    Some(Observation {
        id: event.id.clone(),
        provider: event.data.provider,
        certificate: certificate.clone(),
        pem: first_pem(event),
        caa_domains: issuer.caa_domains.clone(),
        problem_reporting: issuer.problem_reporting.clone(),
        due: event.receivedtime + grace,
    })
}

/// The first certificate of an event as PEM.
fn first_pem(event: &CertificateEvent) -> Option<String> {
    let chain = event.data.pem_chain.as_deref()?;
    chain.split_inclusive("-----END CERTIFICATE-----\n").next().map(str::to_owned)
}

/// A certificate of which the provider tells no names has that of its hostname.
fn with_names(leaf: &Certificate, event: &CertificateEvent) -> Certificate {
    let hostname = event.data.identifiers.get("hostname").and_then(|name| name.as_str());
    let of_hostname = || {
        let dns = vec![hostname?.to_owned()];
        Some(envelope::Names { dns, ..envelope::Names::default() })
    };
    Certificate { names: leaf.names.clone().or_else(of_hostname), ..leaf.clone() }
}
