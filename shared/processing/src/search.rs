use certificate::Bundle;
use envelope::{Callback, Certificate, Outcome};
use ports::{PortResult, SecretSource};
use providers::meta::api::FoundCertificate;
use providers::meta::api::{self as graph, Page};

use crate::apis::Apis;
use crate::enrichment::{CallContext, Enrichment, Resolved, Retry};
use crate::pages::CertificatePages;

/// The maximum number of other certificates that a phishing event lists.
const MAX_RELATED: usize = 100;

/// The results of all calls for one event.
#[derive(Default)]
struct Findings {
    by_id: Option<FoundCertificate>,
    others: Vec<FoundCertificate>,
    problems: Vec<String>,
    /// The result of the first call without a usable answer.
    failure: Option<Callback>,
    is_answered: bool,
    status: Option<u16>,
}

impl<S: SecretSource> Apis<S> {
    /// Searches for the certificates of each suspected name, and for the certificate with the id of
    /// the event.
    pub(crate) async fn search_phishing(
        &self,
        domains: &[String],
        certificate_id: Option<&str>,
        included: Option<&str>,
        context: CallContext<'_>,
    ) -> PortResult<Result<Enrichment, Retry>> {
        let mut findings = Findings::default();
        if let Some(id) = certificate_id {
            match self.by_id(id, context).await? {
                Err(retry) => return Ok(Err(retry)),
                Ok(resolved) => findings.add_by_id(id, resolved),
            }
        }
        for domain in domains {
            let mut pages = CertificatePages::of(domain);
            loop {
                match pages.next(&self.meta, context).await? {
                    Err(retry) => return Ok(Err(retry)),
                    Ok(None) => break,
                    Ok(Some(resolved)) => findings.add_page(domain, resolved),
                }
            }
            if findings.ends_search() {
                break;
            }
        }
        Ok(Ok(findings.into_enrichment(included, context)))
    }

    pub(crate) async fn by_id(
        &self,
        id: &str,
        context: CallContext<'_>,
    ) -> PortResult<Result<Resolved<FoundCertificate>, Retry>> {
        self.meta.call(&graph::certificate(id), context, graph::classify_certificate).await
    }
}

impl Findings {
    fn add_by_id(&mut self, id: &str, resolved: Resolved<FoundCertificate>) {
        match resolved {
            Resolved::Good { value, status } => {
                self.answered(status);
                self.by_id = Some(value);
            }
            Resolved::Final(callback) => self.add_failure(&format!("certificate {id}"), callback),
        }
    }

    fn add_page(&mut self, domain: &str, resolved: Resolved<Page>) {
        match resolved {
            Resolved::Good { value, status } => {
                self.answered(status);
                let room = MAX_RELATED.saturating_sub(self.others.len());
                self.others.extend(value.certificates.into_iter().take(room));
            }
            Resolved::Final(callback) => self.add_failure(domain, callback),
        }
    }

    fn answered(&mut self, status: Option<u16>) {
        self.is_answered = true;
        self.status = status;
    }

    fn add_failure(&mut self, what: &str, callback: Callback) {
        if let Some(reason) = callback.reason {
            self.problems.push(format!("{what}: lookup failed: {reason}"));
        }
        // A retired API says more than an empty answer.
        if self.failure.is_none() || callback.outcome == Outcome::Gone {
            self.failure = Some(callback);
        }
    }

    /// Whether further calls are pointless: there is no key, or the API is retired.
    fn ends_search(&self) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| matches!(failure.outcome, Outcome::Disabled | Outcome::Gone))
    }

    fn into_enrichment(self, included: Option<&str>, context: CallContext<'_>) -> Enrichment {
        let callback = match self.failure {
            Some(failure) if !self.is_answered => failure,
            _ if !self.is_answered => context.uncalled(Outcome::NotNeeded, None),
            _ => context.callback(Outcome::Queried, self.status),
        };
        let own = self.by_id.as_ref().or(self.others.first());
        let bundle = [included, own.and_then(|found| found.pem.as_deref())]
            .into_iter()
            .flatten()
            .find_map(|pem| certificate::read(pem.as_bytes(), context.now).ok());
        let enrichment = match (bundle, own) {
            (Some(bundle), _) => Enrichment::bundle(callback, bundle),
            (None, Some(own)) => Enrichment {
                certificates: vec![own.certificate.clone()],
                ..Enrichment::bare(callback)
            },
            (None, None) => Enrichment::bare(callback),
        };
        let is_own = |other: &Certificate| {
            enrichment
                .certificates
                .iter()
                .any(|own| own.fingerprint_sha256 == other.fingerprint_sha256)
        };
        let related: Vec<_> = self
            .others
            .iter()
            .map(|found| found.certificate.clone())
            .filter(|c| !is_own(c))
            .collect();
        Enrichment { related, problems: self.problems, ..enrichment }
    }
}

/// The enrichment of an event for one found certificate.
pub(crate) fn for_certificate(
    found: &FoundCertificate,
    callback: Callback,
    context: CallContext<'_>,
) -> Enrichment {
    let bundle: Option<Bundle> =
        found.pem.as_deref().and_then(|pem| certificate::read(pem.as_bytes(), context.now).ok());
    match bundle {
        Some(bundle) => Enrichment::bundle(callback, bundle),
        None => Enrichment {
            certificates: vec![found.certificate.clone()],
            ..Enrichment::bare(callback)
        },
    }
}
