//! The call-backs of one event: the loop that drives every provider's machine, and the check of what
//! came.

use certificate::{Bundle, NotACertificate};
use envelope::{Callback, Certificate, CertificateEvent, Checks, Outcome, Reason};
use ports::{
    Archive, Claim, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource,
};
use providers::enrich::{CallResult, Emission, Found, Next, Reply};
use providers::interpretation::Plan;
use time::{Duration, OffsetDateTime};

use crate::api::Sent;
use crate::compose::compose;
use crate::decide::{decide, jitter};
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
        let bundle = validate(&found, self.now()).unwrap_or_default();
        let enrichment = enrichment(found, bundle, event.envelope.attempts);
        Ok(Enriched::Complete(Box::new(enrichment)))
    }

    async fn call_back(&self, event: &Event<'_>) -> PortResult<Enriched> {
        let envelope = event.envelope;
        let api = self.apis.of(event.interpretation.provider);
        let mut machine = api.enricher(event.interpretation);
        let (mut new, mut known) = (0, 0);
        // This attempt counts once a call was made in it.
        let mut attempts = envelope.attempts;
        let mut status = None;
        let mut next = machine.next(Reply::Start);
        loop {
            next = match next {
                Next::Ask(_) if event.is_out_of_time() => {
                    return Ok(Enriched::Retry(Retry::deadline()));
                }
                Next::Ask(call) => match api.send(&call, envelope, self.now()).await? {
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
                    Sent::Deferred(retry) => return Ok(Enriched::Retry(retry)),
                    Sent::Final(result) => machine.next(Reply::Final(result)),
                },
                Next::Failed(classification) => {
                    match decide(&classification, status, envelope, self.now(), jitter()) {
                        Ok(result) => machine.next(Reply::Final(result)),
                        Err(retry) => return Ok(Enriched::Retry(retry)),
                    }
                }
                Next::Emit(emission) => {
                    match self.emit(event, emission, attempts).await? {
                        true => new += 1,
                        false => known += 1,
                    }
                    machine.next(Reply::Emitted)
                }
                Next::Done(found) if new + known > 0 => {
                    return Ok(Enriched::Emitted { new, known, problems: found.problems });
                }
                Next::Done(found) => match validate(&found, self.now()) {
                    Ok(bundle) => {
                        let enrichment = enrichment(*found, bundle, attempts);
                        return Ok(Enriched::Complete(Box::new(enrichment)));
                    }
                    Err(unreadable) => {
                        machine.next(Reply::Unreadable { is_cut_short: unreadable.is_cut_short() })
                    }
                },
            };
        }
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
        let bundle = validate(&found, self.now()).unwrap_or_default();
        let enrichment = enrichment(found, bundle, attempts);
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

/// Reads and checks the certificates that came as PEM.
///
/// # Errors
/// The PEM is no bundle of certificates.
fn validate(found: &Found, now: OffsetDateTime) -> Result<Option<Bundle>, NotACertificate> {
    found.pem.as_ref().map(|pem| certificate::read(pem.as_bytes(), now)).transpose()
}

/// `attempts` so far, this one included if a call was made in it.
fn enrichment(found: Found, bundle: Option<Bundle>, attempts: u32) -> Enrichment {
    let CallResult { outcome, reason, status } = found.result;
    let (certificates, pem_chain, checks) = match bundle {
        Some(Bundle { certificates, pem_chain, checks }) => (certificates, Some(pem_chain), checks),
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
        problems: found.problems,
        dcv: found.dcv,
        related,
    }
}
