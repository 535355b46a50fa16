//! The call-backs of one event: the loop that drives every provider's machine, and the check of what
//! came.

use std::time::Instant;

use certificate::{NotACertificate, Purpose, Question, Report};
use envelope::{Callback, Certificate, CertificateEvent, Checks, Envelope, Outcome, Reason};
use ports::{
    Archive, Claim, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource,
};
use providers::enrich::{CallResult, Emission, Enricher, Found, Next, Reply};
use providers::interpretation::Plan;
use time::Duration;

use crate::api::Sent;
use crate::compose::compose;
use crate::decide::{decide, is_expired, jitter};
use crate::types::{Enriched, Enrichment, Event, Retry};
use crate::worker::Worker;

/// How long the ledger keeps a certificate that had an event of its own. Logs list expired ones for
/// ever.
const CERTIFICATE_RETENTION: Duration = Duration::days(3650);

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    pub(crate) async fn enrich(&self, event: &Event<'_>) -> PortResult<Enriched> {
        let interpretation = event.interpretation;
        let unasked = |result| Found { pem: interpretation.pem.clone(), ..Found::bare(result) };
        let found = match interpretation.plan {
            Plan::CallBack => return self.call_back(event).await,
            Plan::NotNeeded => Found::bare(CallResult::new(Outcome::NotNeeded)),
            Plan::UnusableId => unasked(CallResult {
                reason: Some(Reason::UnusableId),
                ..CallResult::new(Outcome::Failed)
            }),
        };
        let report = self.validate(&found).unwrap_or_default();
        let enrichment = enrichment(found, report, event.envelope.attempts);
        Ok(Enriched::Complete(Box::new(enrichment)))
    }

    async fn call_back(&self, event: &Event<'_>) -> PortResult<Enriched> {
        let envelope = event.envelope;
        let api = self.apis.of(event.interpretation.provider);
        let mut machine = api.enricher(event.interpretation);
        if let Some(progress) = &envelope.progress {
            machine.resume(progress);
        }
        let expired =
            CallResult { reason: Some(Reason::Expired), ..CallResult::new(Outcome::Failed) };
        // Not now, unless the event has been tried for too long.
        let later = |machine: &dyn Enricher, retry: Retry| match is_expired(envelope, self.now()) {
            true => Err(expired),
            false => Ok(Enriched::Retry(Retry { progress: progress(machine, envelope), ..retry })),
        };
        let (mut new, mut known) = (0, 0);
        // This attempt counts once a call was made in it.
        let mut attempts = envelope.attempts;
        let mut status = None;
        let mut next = machine.next(Reply::Start);
        loop {
            next = match next {
                Next::Emit(_) if event.is_out_of_time() && !is_expired(envelope, self.now()) => {
                    let progress = progress(&*machine, envelope);
                    return Ok(Enriched::Retry(Retry { progress, ..Retry::deadline() }));
                }
                Next::Ask(_) if self.is_out_of_time(event, attempts > envelope.attempts) => {
                    match later(&*machine, Retry::deadline()) {
                        Ok(retry) => return Ok(retry),
                        Err(expired) => machine.next(Reply::Final(expired)),
                    }
                }
                Next::Ask(call) => {
                    let is_further = attempts > envelope.attempts;
                    match api.send(&call, envelope, is_further, self.now()).await? {
                        Sent::Answered(answer, ticket) => {
                            (attempts, status) = (envelope.attempts + 1, Some(answer.status));
                            let next = machine.next(Reply::Answer(answer.borrow()));
                            api.report(ticket, envelope, &next, status).await;
                            next
                        }
                        Sent::Failed(classification, ticket) => {
                            (attempts, status) = (envelope.attempts + 1, None);
                            let next = Next::Failed(classification);
                            api.report(ticket, envelope, &next, status).await;
                            next
                        }
                        Sent::Deferred(retry) => match later(&*machine, retry) {
                            Ok(retry) => return Ok(retry),
                            Err(expired) => machine.next(Reply::Final(expired)),
                        },
                        Sent::Final(result) => machine.next(Reply::Final(result)),
                    }
                }
                Next::Failed(classification) => {
                    match decide(&classification, status, envelope, self.now(), jitter()) {
                        Ok(result) => machine.next(Reply::Final(result)),
                        Err(retry) => {
                            let progress = progress(&*machine, envelope);
                            return Ok(Enriched::Retry(Retry { progress, ..retry }));
                        }
                    }
                }
                Next::Emit(emission) => {
                    match self.emit(event, emission, attempts).await? {
                        true => new += 1,
                        false => known += 1,
                    }
                    machine.next(Reply::Emitted)
                }
                Next::Done(found) if new + known > 0 || found.has_emitted => {
                    return Ok(Enriched::Emitted { new, known, problems: found.problems });
                }
                Next::Done(found) => match self.validate(&found) {
                    Ok(Some(report)) if is_included_in_part(&found, &report) => {
                        machine.next(Reply::Unreadable { is_cut_short: false })
                    }
                    Ok(report) => {
                        let enrichment = enrichment(*found, report, attempts);
                        return Ok(Enriched::Complete(Box::new(enrichment)));
                    }
                    Err(unreadable) => {
                        machine.next(Reply::Unreadable { is_cut_short: unreadable.is_cut_short() })
                    }
                },
            };
        }
    }

    /// Whether no further call can end before the deadline. A receipt makes at least one call, so that
    /// work of many calls comes to its end however long each takes.
    fn is_out_of_time(&self, event: &Event<'_>, is_further: bool) -> bool {
        let reserve = if is_further { self.longest_call } else { std::time::Duration::ZERO };
        event.deadline.is_some_and(|deadline| Instant::now() + reserve >= deadline)
    }

    /// Reads and checks the certificates that came as PEM. Names are not compared here.
    ///
    /// # Errors
    /// The PEM is no bundle of certificates.
    fn validate(&self, found: &Found) -> Result<Option<Report>, NotACertificate> {
        // A chain in an event is for a TLS server; else the leaf says what it is for.
        let CallResult { outcome, reason, .. } = found.result;
        let is_servers = outcome == Outcome::Included || reason == Some(Reason::UnusableId);
        let purpose = is_servers.then_some(Purpose::Server);
        let (anchors, at) = (&*self.trust_anchors, self.now());
        let question = Question { anchors, purpose, names: &[], at };
        found.pem.as_ref().map(|pem| certificate::validate(pem.as_bytes(), &question)).transpose()
    }

    /// Publishes the event of one certificate, unless the ledger knows the certificate. The envelope
    /// claims the certificate's own key, so that a retry of the same envelope continues, and another
    /// envelope skips the certificate. Returns whether it is new.
    async fn emit(
        &self,
        event: &Event<'_>,
        Emission { subject, sha256, found }: Emission,
        attempts: u32,
    ) -> PortResult<bool> {
        let envelope_id = &event.redacted.envelope.id;
        // What cannot be read is delivered as the provider describes it.
        let report = self.validate(&found).unwrap_or_default();
        let enrichment = enrichment(found, report, attempts);
        let leaf = enrichment.certificates.first();
        let sha256 = leaf.and_then(|leaf| leaf.fingerprint_sha256.clone()).unwrap_or(sha256);
        let key = format!("{subject}/{sha256}");
        let until = self.now() + self.lease;
        if self.ports.ledger.claim(&key, envelope_id, until).await? != Claim::Granted {
            return Ok(false);
        }
        let composed = CertificateEvent {
            id: format!("{envelope_id}/{sha256}"),
            subject: key.clone(),
            ..compose(event.redacted, event.interpretation, enrichment)
        };
        self.publish(composed).await?;
        let kept_until = self.now() + CERTIFICATE_RETENTION;
        self.ports.ledger.record(DeliveryRecord::id(key, kept_until)).await?;
        Ok(true)
    }
}

/// The largest envelope with progress, in bytes of its two large parts: a queue takes 1 MiB.
const PROGRESS_LIMIT: usize = 960 * 1024;

/// Where the work goes on. An event that leaves no room for it begins its work anew; what it emitted is
/// known by then.
fn progress(machine: &dyn Enricher, envelope: &Envelope) -> Option<String> {
    let progress = machine.progress()?;
    // As a string in JSON, quotes and backslashes take two bytes.
    let escaped = progress.len() + progress.bytes().filter(|byte| b"\"\\".contains(byte)).count();
    (envelope.data.get().len() + escaped <= PROGRESS_LIMIT).then_some(progress)
}

/// Whether a chain that came with the event is not whole. It counts as none, so that the download decides.
fn is_included_in_part(found: &Found, report: &Report) -> bool {
    found.result.outcome == Outcome::Included
        && (!report.unreadable.is_empty() || report.is_leaf_missing)
}

/// `attempts` so far, this one included if a call was made in it.
fn enrichment(found: Found, report: Option<Report>, attempts: u32) -> Enrichment {
    let CallResult { outcome, reason, status } = found.result;
    let mut problems = found.problems;
    let (certificates, pem_chain, checks) = match report {
        Some(Report { certificates, pem_chain, checks, unreadable, .. }) => {
            problems.extend(unreadable);
            (certificates, Some(pem_chain), checks)
        }
        None => (found.certificates, None, Checks::default()),
    };
    let is_own = |other: &Certificate| {
        certificates.iter().any(|own| own.fingerprint_sha256 == other.fingerprint_sha256)
    };
    let related = found.related.into_iter().filter(|other| !is_own(other)).collect();
    Enrichment {
        callback: Callback { outcome, reason, attempts, status },
        status: found.status,
        certificates,
        pem_chain,
        checks,
        problems,
        dcv: found.dcv,
        related,
    }
}
