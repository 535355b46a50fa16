use envelope::{CertificateEvent, Outcome};
use ports::{
    Archive, Claim, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource,
};
use providers::meta::api::FoundCertificate;
use time::Duration;

use crate::compose::compose;
use crate::enrichment::{CallContext, Enrichment, Resolved, Retry};
use crate::pages::CertificatePages;
use crate::search;
use crate::telemetry;
use crate::worker::{Event, Worker};

/// How long the ledger keeps a delivered certificate. The Graph API lists expired ones for ever.
const CERTIFICATE_RETENTION: Duration = Duration::days(3650);

/// The progress of the search for one event.
#[derive(Default)]
pub(crate) struct Tally {
    /// Certificates delivered by this search.
    new: usize,
    /// Certificates delivered before, or claimed by another event.
    known: usize,
    problems: Vec<String>,
    /// The result of the last call without a usable answer.
    failure: Option<envelope::Callback>,
    status: Option<u16>,
}

/// The result of the search for one event.
pub(crate) enum SearchResult {
    /// Every certificate that was found has an event of its own.
    Delivered { new: usize, known: usize },
    /// No certificate was found, which one event reports.
    Empty(Box<Enrichment>),
}

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Searches by each subscribed domain and by id, and publishes one event for each certificate that
    /// is not in the ledger yet. It works page by page, so that memory use stays flat.
    pub(crate) async fn observe(
        &self,
        event: &Event<'_>,
        certificate_id: Option<&str>,
        context: CallContext<'_>,
    ) -> PortResult<Result<SearchResult, Retry>> {
        let mut tally = Tally::default();
        let domains = match self.apis.meta_domains.list(&self.apis.meta, context).await? {
            Err(retry) => return Ok(Err(retry)),
            Ok(Resolved::Final(callback)) => {
                return Ok(Ok(SearchResult::Empty(Box::new(Enrichment::bare(callback)))));
            }
            Ok(Resolved::Good { value, .. }) => value,
        };
        if let Some(id) = certificate_id {
            match self.apis.by_id(id, context).await? {
                Err(retry) => return Ok(Err(retry)),
                Ok(Resolved::Good { value, status }) => {
                    self.deliver_new(event, &mut tally, &[value], status, context).await?;
                }
                // Meta does not document the id, and it may be that of the subscription.
                Ok(Resolved::Final(callback)) => tally.failure = Some(callback),
            }
        }
        for domain in &domains {
            if let Some(retry) = self.observe_domain(event, &mut tally, domain, context).await? {
                return Ok(Err(retry));
            }
        }
        Ok(Ok(tally.end(context)))
    }

    async fn observe_domain(
        &self,
        event: &Event<'_>,
        tally: &mut Tally,
        domain: &str,
        context: CallContext<'_>,
    ) -> PortResult<Option<Retry>> {
        let mut pages = CertificatePages::of(domain);
        loop {
            if event.is_out_of_time() {
                return Ok(Some(Retry::deadline()));
            }
            match pages.next(&self.apis.meta, context).await? {
                Err(retry) => return Ok(Some(retry)),
                Ok(None) => break,
                Ok(Some(Resolved::Good { value, status })) => {
                    self.deliver_new(event, tally, &value.certificates, status, context).await?;
                }
                Ok(Some(Resolved::Final(callback))) => {
                    telemetry::lookup_failed(&event.redacted.envelope, domain, &callback);
                    tally.add_failure(domain, callback);
                }
            }
        }
        if pages.is_truncated() {
            telemetry::search_truncated(&event.redacted.envelope, domain);
        }
        Ok(None)
    }

    async fn deliver_new(
        &self,
        event: &Event<'_>,
        tally: &mut Tally,
        certificates: &[FoundCertificate],
        status: Option<u16>,
        context: CallContext<'_>,
    ) -> PortResult<()> {
        tally.status = status;
        for certificate in certificates {
            if self.deliver_if_new(event, certificate, status, context).await? {
                tally.new += 1;
            } else {
                tally.known += 1;
            }
        }
        Ok(())
    }

    /// Publishes the event of one certificate. The envelope claims the certificate's own key, so that a
    /// retry of the same envelope continues, and another envelope skips the certificate.
    async fn deliver_if_new(
        &self,
        event: &Event<'_>,
        certificate: &FoundCertificate,
        status: Option<u16>,
        context: CallContext<'_>,
    ) -> PortResult<bool> {
        let envelope_id = &event.redacted.envelope.id;
        let callback = context.callback(Outcome::Queried, status);
        let enrichment = search::for_certificate(certificate, callback, context);
        let fingerprint = fingerprint(certificate, &enrichment);
        let key = format!("meta/certificate/{fingerprint}");
        let until = self.now() + self.lease;
        if self.ports.ledger.claim(&key, envelope_id, until).await? != Claim::Granted {
            return Ok(false);
        }
        let composed = CertificateEvent {
            id: format!("{envelope_id}/{fingerprint}"),
            subject: key.clone(),
            ..compose(event.redacted, event.interpretation, enrichment)
        };
        self.publish(composed).await?;
        self.ports
            .ledger
            .record(DeliveryRecord::id(key, self.now() + CERTIFICATE_RETENTION))
            .await?;
        Ok(true)
    }
}

/// The SHA-256 fingerprint of a certificate: ours of its PEM, otherwise the one that Meta gives.
fn fingerprint(certificate: &FoundCertificate, enrichment: &Enrichment) -> String {
    let leaf = enrichment.certificates.first();
    leaf.and_then(|leaf| leaf.fingerprint_sha256.clone())
        .unwrap_or_else(|| certificate.sha256.clone())
}

impl Tally {
    fn add_failure(&mut self, domain: &str, callback: envelope::Callback) {
        if let Some(reason) = callback.reason {
            self.problems.push(format!("{domain}: lookup failed: {reason}"));
        }
        self.failure = Some(callback);
    }

    fn end(self, context: CallContext<'_>) -> SearchResult {
        let Self { new, known, problems, failure, status } = self;
        if new + known > 0 {
            return SearchResult::Delivered { new, known };
        }
        let queried = || context.callback(Outcome::Queried, status);
        let callback = failure.filter(|_| status.is_none()).unwrap_or_else(queried);
        SearchResult::Empty(Box::new(Enrichment { problems, ..Enrichment::bare(callback) }))
    }
}
