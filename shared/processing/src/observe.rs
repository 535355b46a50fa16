use envelope::{CertificateEvent, Outcome};
use ports::{
    Archive, Claim, Deliveries, DeliveryRecord, EventsQueue, Ledger, PortResult, SecretSource,
};
use providers::meta::api::FoundCertificate;
use time::Duration;

use crate::compose::compose;
use crate::enrichment::{CallContext, Enrichment, Resolved, Retry};
use crate::process::{Event, Worker};
use crate::search::{PAGES, Pages, observed};
use crate::telemetry;

/// A certificate in the logs stays known: Graph lists expired ones for ever.
const KNOWN_FOR: Duration = Duration::days(3650);

/// How far the search of one event came.
#[derive(Default)]
pub(crate) struct Tally {
    /// Delivered now.
    new: usize,
    /// Delivered before, or by another event at this moment.
    known: usize,
    problems: Vec<String>,
    /// The first result without an answer.
    result: Option<envelope::Callback>,
    status: Option<u16>,
}

/// How the search of one event ended.
pub(crate) enum Observed {
    /// Every certificate found has an event of its own, now or before.
    Delivered { new: usize, known: usize },
    /// There was none: one event says so.
    Nothing(Box<Enrichment>),
}

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// By each subscribed domain and by id, page by page so that memory stays flat; one event for
    /// each certificate that is not in the ledger yet.
    pub(crate) async fn observe(
        &self,
        event: &Event<'_>,
        certificate_id: Option<&str>,
        context: CallContext<'_>,
    ) -> PortResult<Result<Observed, Retry>> {
        let mut tally = Tally::default();
        let domains = match self.apis.meta_domains.list(&self.apis.meta, context).await? {
            Err(retry) => return Ok(Err(retry)),
            Ok(Resolved::Final(callback)) => {
                return Ok(Ok(Observed::Nothing(Box::new(Enrichment::bare(callback)))));
            }
            Ok(Resolved::Good { value, .. }) => value,
        };
        if let Some(id) = certificate_id {
            match self.apis.by_id(id, context).await? {
                Err(retry) => return Ok(Err(retry)),
                Ok(Resolved::Good { value, status }) => {
                    self.take(event, &mut tally, &[value], status, context).await?;
                }
                // The id may be that of the subscription: its meaning is not documented.
                Ok(Resolved::Final(callback)) => tally.result = Some(callback),
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
        let mut pages = Pages::of(domain);
        loop {
            if event.is_out_of_time() {
                return Ok(Some(Retry::no_budget(std::time::Duration::ZERO)));
            }
            match pages.next(&self.apis.meta, context).await? {
                Err(retry) => return Ok(Some(retry)),
                Ok(None) => break,
                Ok(Some(Resolved::Good { value, status })) => {
                    self.take(event, tally, &value.certificates, status, context).await?;
                }
                Ok(Some(Resolved::Final(callback))) => {
                    telemetry::refused(&event.redacted.envelope, domain, &callback);
                    tally.refused(domain, callback);
                }
            }
        }
        if pages.was_capped() {
            let problem =
                format!("{domain}: more than {PAGES} pages of certificates; the rest was not read");
            tracing::warn!(provider = "meta", id = event.redacted.envelope.id, "{problem}");
        }
        Ok(None)
    }

    async fn take(
        &self,
        event: &Event<'_>,
        tally: &mut Tally,
        certificates: &[FoundCertificate],
        status: Option<u16>,
        context: CallContext<'_>,
    ) -> PortResult<()> {
        tally.status = status;
        for seen in certificates {
            if self.deliver_if_new(event, seen, status, context).await? {
                tally.new += 1;
            } else {
                tally.known += 1;
            }
        }
        Ok(())
    }

    /// Claimed under the certificate's own key by this envelope, so that a retry of the same
    /// envelope goes on and another one stays away.
    async fn deliver_if_new(
        &self,
        event: &Event<'_>,
        seen: &FoundCertificate,
        status: Option<u16>,
        context: CallContext<'_>,
    ) -> PortResult<bool> {
        let envelope_id = &event.redacted.envelope.id;
        let found = observed(seen, context.callback(Outcome::Queried, status), context);
        let name = name(seen, &found);
        let key = format!("meta/certificate/{name}");
        let until = self.now() + self.lease;
        if self.ports.ledger.claim(&key, envelope_id, until).await? != Claim::Granted {
            return Ok(false);
        }
        let composed = CertificateEvent {
            id: format!("{envelope_id}/{name}"),
            subject: key.clone(),
            ..compose(event.redacted, event.interpretation, found)
        };
        self.publish(composed).await?;
        self.ports.ledger.record(DeliveryRecord::id(key, self.now() + KNOWN_FOR)).await?;
        Ok(true)
    }
}

/// What tells a certificate from all others: the SHA-256 of what came, else the one that Meta names.
fn name(seen: &FoundCertificate, found: &Enrichment) -> String {
    let leaf = found.certificates.first();
    leaf.and_then(|leaf| leaf.fingerprint_sha256.clone()).unwrap_or_else(|| seen.sha256.clone())
}

impl Tally {
    fn refused(&mut self, domain: &str, callback: envelope::Callback) {
        if let Some(reason) = callback.reason {
            self.problems.push(format!("{domain} was not found out: {reason}"));
        }
        self.result = Some(callback);
    }

    fn end(self, context: CallContext<'_>) -> Observed {
        let Self { new, known, problems, result, status } = self;
        if new + known > 0 {
            return Observed::Delivered { new, known };
        }
        let queried = || context.callback(Outcome::Queried, status);
        let callback = result.filter(|_| status.is_none()).unwrap_or_else(queried);
        Observed::Nothing(Box::new(Enrichment { problems, ..Enrichment::bare(callback) }))
    }
}
