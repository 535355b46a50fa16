//! The call-backs of one event: the loop that drives every provider's machine, and the check of what
//! came.

use std::time::Instant;

use certificate::{NotACertificate, Purpose, Question, Report};
use envelope::{
    Callback, Certificate, CertificateEvent, Check, Checks, Code, Envelope, EventType, Outcome,
    Reason,
};
use ports::{
    Archive, Claim, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource,
};
use providers::enrich::{CallResult, Confirmation, Emission, Enricher, Found, Next, Reply};
use providers::interpretation::{Interpretation, Plan};
use time::{Duration, OffsetDateTime};

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
        let attempts = event.envelope.attempts;
        let complete = |result, report| {
            let found = Found::bare(result);
            let enrichment = enrichment(found, report, None, attempts, [self.now(); 2]);
            Ok(Enriched::Complete(Box::new(enrichment)))
        };
        match interpretation.plan {
            Plan::CallBack => self.call_back(event).await,
            Plan::NotNeeded => {
                let (report, problems) = self.came_with(interpretation);
                let result = CallResult::new(Outcome::NotNeeded);
                let found = Found { problems, ..Found::bare(result) };
                let enrichment =
                    enrichment(found, report, None, attempts, [event.taken, self.now()]);
                Ok(Enriched::Complete(Box::new(enrichment)))
            }
            Plan::UnusableId => {
                let reason = Some(Reason::UnusableId);
                let result = CallResult { reason, ..CallResult::new(Outcome::Failed) };
                complete(result, self.included(interpretation))
            }
        }
    }

    async fn call_back(&self, event: &Event<'_>) -> PortResult<Enriched> {
        let envelope = event.envelope;
        let api = self.apis.of(event.interpretation.provider);
        // A chain that is not whole counts as none.
        let included = self.included(event.interpretation).filter(Report::is_whole);
        let included_leaf = included.as_ref().and_then(leaf).map(str::to_owned);
        let included_pem = event.interpretation.pem.clone().filter(|_| included.is_some());
        let interpretation = Interpretation { pem: included_pem, ..event.interpretation.clone() };
        let mut machine = api.enricher(&interpretation);
        if let Some(progress) = &envelope.progress {
            machine.resume(progress);
        }
        // Not now, unless the event has waited as long as it may: then it goes on without the answer.
        let later = |machine: &dyn Enricher, retry: Retry| {
            let age = self.now() - envelope.receivedtime;
            let has_ended = |patience| age >= patience && envelope.replayed != Some(true);
            if machine.patience().is_some_and(has_ended) {
                return Err(retry.abandoned());
            }
            if is_expired(envelope, self.now()) {
                let reason = Some(Reason::Expired);
                return Err(CallResult { reason, ..CallResult::new(Outcome::Failed) });
            }
            Ok(Enriched::Retry(Retry { progress: progress(machine, envelope), ..retry }))
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
                        Err(retry) => match later(&*machine, retry) {
                            Ok(retry) => return Ok(retry),
                            Err(result) => machine.next(Reply::Final(result)),
                        },
                    }
                }
                Next::Emit(emission) => {
                    match self.emit(event, *emission, attempts).await? {
                        true => new += 1,
                        false => known += 1,
                    }
                    machine.next(Reply::Emitted)
                }
                Next::Done(found) if new + known > 0 || found.has_emitted => {
                    return Ok(Enriched::Emitted { new, known, problems: found.problems });
                }
                Next::Done(found) => {
                    let called_back = self.now();
                    match self.report(&found, &interpretation) {
                        Ok(report) => {
                            let included = included_leaf.as_deref();
                            let times = [called_back, self.now()];
                            let enrichment = enrichment(*found, report, included, attempts, times);
                            return Ok(Enriched::Complete(Box::new(enrichment)));
                        }
                        Err(unreadable) => machine
                            .next(Reply::Unreadable { is_cut_short: unreadable.is_cut_short() }),
                    }
                }
            };
        }
    }

    /// The chain that came with the event, where it can be read.
    pub(crate) fn included(&self, interpretation: &Interpretation) -> Option<Report> {
        self.validate(interpretation.pem.as_deref()?, interpretation).ok()
    }

    /// The certificate that came with an event that needs no call-back, and what is wrong with it.
    fn came_with(&self, interpretation: &Interpretation) -> (Option<Report>, Vec<String>) {
        // Of what is not recognised nothing is known but the document.
        let pem = interpretation.pem.as_deref();
        let pem = pem.filter(|_| interpretation.kind != EventType::Unrecognised);
        match pem.map(|pem| self.validate(pem, interpretation)) {
            Some(Ok(report)) => {
                let problem = another_hash(interpretation, &report);
                (Some(report), problem.into_iter().collect())
            }
            Some(Err(error)) => {
                (None, vec![format!("the certificate of the event cannot be read: {error}")])
            }
            None => (None, Vec::new()),
        }
    }

    /// Whether no further call can end before the deadline. A receipt makes at least one call, so that
    /// work of many calls comes to its end however long each takes.
    fn is_out_of_time(&self, event: &Event<'_>, is_further: bool) -> bool {
        let reserve = if is_further { self.longest_call } else { std::time::Duration::ZERO };
        event.message.deadline.is_some_and(|deadline| Instant::now() + reserve >= deadline)
    }

    /// The certificates that came as PEM: those of the answer, or those of the event.
    ///
    /// # Errors
    /// The PEM is no bundle of certificates.
    fn report(
        &self,
        found: &Found,
        interpretation: &Interpretation,
    ) -> Result<Option<Report>, NotACertificate> {
        let is_included = found.result.outcome == Outcome::Included;
        let pem = if is_included { &interpretation.pem } else { &found.pem };
        pem.as_ref().map(|pem| self.validate(pem, interpretation)).transpose()
    }

    /// Reads and checks certificates. Names are not compared here: no answer that is asked for anyway
    /// tells the names of the certificate for which it gives PEM.
    fn validate(
        &self,
        pem: &str,
        interpretation: &Interpretation,
    ) -> Result<Report, NotACertificate> {
        // A provider puts the chains of TLS servers into its events; else the leaf says what it is for, as
        // any certificate in a log does.
        let is_issued = interpretation.pem.is_some() && !is_in_log(interpretation.kind);
        let purpose = is_issued.then_some(Purpose::Server);
        let (anchors, at) = (&*self.trust_anchors, self.now());
        let question = Question { anchors, purpose, names: &[], at };
        certificate::validate(pem.as_bytes(), &question)
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
        let envelope_id = event.id();
        // What cannot be read is delivered as the provider describes it.
        let called_back = self.now();
        let report = self.report(&found, event.interpretation).unwrap_or_default();
        let times = [called_back, self.now()];
        let enrichment = enrichment(found, report, None, attempts, times);
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
        let kept_until = self.now() + CERTIFICATE_RETENTION;
        self.publish(composed, event.message, vec![DeliveryRecord::id(key, kept_until)]).await?;
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

/// The SHA-256 of the leaf. `None` where all certificates are those of CAs.
pub(crate) fn leaf(report: &Report) -> Option<&str> {
    let first = report.certificates.first().filter(|_| !report.is_leaf_missing);
    first?.fingerprint_sha256.as_deref()
}

/// Whether the certificates of such events were found in a log of certificate transparency.
fn is_in_log(kind: EventType) -> bool {
    matches!(kind, EventType::CtCertificateObserved | EventType::CtPhishingSuspected)
}

/// Says where the certificate is another one than the event says. The hash names the subject.
fn another_hash(interpretation: &Interpretation, report: &Report) -> Option<String> {
    let said = interpretation.certificates.first()?.tbs_sha256.as_deref()?;
    let found = report.certificates.first()?.tbs_sha256.as_deref()?;
    let is_same = said == found;
    (!is_same).then(|| {
        format!(
            "the event names the TBS SHA-256 {said}, and came with a certificate that has {found}"
        )
    })
}

/// `included` is the SHA-256 of the leaf that came with the event; `attempts` so far, this one included if
/// a call was made in it; the times are those of the last answer and of the end of the checks.
fn enrichment(
    found: Found,
    report: Option<Report>,
    included: Option<&str>,
    attempts: u32,
    [called_back, checked]: [OffsetDateTime; 2],
) -> Enrichment {
    let CallResult { outcome, reason, status } = found.result;
    let mut problems = found.problems;
    let has_leaf = report.as_ref().is_some_and(|report| !report.is_leaf_missing);
    let (certificates, pem_chain, checks) = match report {
        Some(report) => {
            let confirmed = confirmed(found.confirmation, leaf(&report), included);
            problems.extend(report.unreadable);
            let checks = Checks { confirmed, ..report.checks };
            (report.certificates, Some(report.pem_chain), checks)
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
        has_leaf,
        is_contradicted: found.is_contradicted,
        called_back,
        checked,
    }
}

/// What the provider's own record says of the leaf that is delivered: the check `confirmed`. `leaf` and
/// `included` are SHA-256: of what is delivered, and of the leaf that came with the event.
fn confirmed(confirmation: Confirmation, leaf: Option<&str>, included: Option<&str>) -> Check {
    match (confirmation, included) {
        (Confirmation::NotAsked, _) => Check::not_applicable(
            Code::NotAsked,
            "the provider was not asked for this certificate, or gives none",
        ),
        (Confirmation::Recorded, _) if leaf.is_none() => Check::unknown(
            Code::NoLeaf,
            "the provider's API gives certificates of CAs only for the id, or its leaf cannot be read",
        ),
        (Confirmation::Recorded, Some(included)) if leaf != Some(included) => Check::failed(
            Code::Differs,
            format!(
                "the event came with another certificate (SHA-256 {included}); this is the provider's"
            ),
        ),
        (Confirmation::Recorded, _) => {
            Check::ok("the provider's API gives this certificate for the id")
        }
        (Confirmation::NotFound, _) => Check::failed(
            Code::NotFound,
            "the provider's API does not know the certificate with which the event came",
        ),
        (Confirmation::NotAnswered, _) => Check::unknown(
            Code::NotAnswered,
            "the provider's API gave no answer by which the certificate could be confirmed",
        ),
    }
}
