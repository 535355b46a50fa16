use std::sync::Arc;
use std::time::{Duration, Instant};

use certificate::Bundle;
use envelope::{Callback, Certificate, Outcome};
use ports::{PortResult, SecretSource};
use providers::meta::api::FoundCertificate;
use providers::meta::api::{self as graph, Page};
use tokio::sync::Mutex;

use crate::apis::Apis;
use crate::enrichment::{CallContext, Enrichment, Resolved, Retry};
use crate::provider_api::ProviderApi;
use crate::{Clock, MetaDomains};

/// Pages of one search, 500 certificates each: the stated cap of one domain in one event.
pub(crate) const PAGES: u32 = 20;

/// The app's subscribed domains are asked for again after this time.
const DOMAINS_CACHE: Duration = Duration::from_secs(600);

/// So many other certificates are listed in a phishing event.
const RELATED: usize = 100;

/// The search of one domain, page by page.
pub(crate) struct Pages<'a> {
    domain: &'a str,
    after: Option<String>,
    left: u32,
}

impl<'a> Pages<'a> {
    pub(crate) fn of(domain: &'a str) -> Self {
        Self { domain, after: None, left: PAGES }
    }

    /// The next page; `None` after the last one or the cap.
    pub(crate) async fn next<S: SecretSource>(
        &mut self,
        api: &ProviderApi<S>,
        context: CallContext<'_>,
    ) -> PortResult<Result<Option<Resolved<Page>>, Retry>> {
        if self.left == 0 {
            return Ok(Ok(None));
        }
        let call = graph::certificates(self.domain, self.after.as_deref());
        let resolved = api.call(&call, context, graph::classify_certificates).await?;
        Ok(resolved.map(|resolved| {
            self.after = match &resolved {
                Resolved::Good { value, .. } => value.after.clone(),
                Resolved::Final(_) => None,
            };
            self.left = if self.after.is_some() { self.left - 1 } else { 0 };
            Some(resolved)
        }))
    }

    /// Whether the cap ended the search before its last page.
    pub(crate) fn was_capped(&self) -> bool {
        self.after.is_some()
    }
}

/// Whose certificates to look for.
pub(crate) struct Domains {
    setting: MetaDomains,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Domains {
    pub(crate) fn new(setting: MetaDomains, clock: Arc<dyn Clock>) -> Self {
        Self { setting, clock, known: Mutex::new(None) }
    }

    /// The configured domains, or those that the app subscribed to.
    pub(crate) async fn list<S: SecretSource>(
        &self,
        api: &ProviderApi<S>,
        context: CallContext<'_>,
    ) -> PortResult<Result<Resolved<Vec<String>>, Retry>> {
        let app = match &self.setting {
            MetaDomains::Listed(domains) => {
                return Ok(Ok(Resolved::Good { value: domains.clone(), status: None }));
            }
            MetaDomains::OfApp(app) => app,
        };
        let mut known = self.known.lock().await;
        if let Some((read, domains)) = &*known
            && self.clock.instant().saturating_duration_since(*read) < DOMAINS_CACHE
        {
            return Ok(Ok(Resolved::Good { value: domains.clone(), status: None }));
        }
        let (mut domains, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let call = graph::subscribed_domains(app, after.as_deref());
            match api.call(&call, context, graph::classify_subscribed_domains).await? {
                Err(retry) => return Ok(Err(retry)),
                Ok(Resolved::Final(callback)) => return Ok(Ok(Resolved::Final(callback))),
                Ok(Resolved::Good { value, .. }) => {
                    domains.extend(value.domains);
                    after = value.after;
                }
            }
            if after.is_none() {
                break;
            }
        }
        *known = Some((self.clock.instant(), domains.clone()));
        Ok(Ok(Resolved::Good { value: domains, status: None }))
    }
}

/// What the questions of one event came to.
#[derive(Default)]
struct Gathered {
    by_id: Option<FoundCertificate>,
    others: Vec<FoundCertificate>,
    problems: Vec<String>,
    /// The first result without an answer.
    result: Option<Callback>,
    is_answered: bool,
    status: Option<u16>,
}

impl<S: SecretSource> Apis<S> {
    /// Each suspected name, and the certificate's id.
    pub(crate) async fn phishing(
        &self,
        domains: &[String],
        certificate_id: Option<&str>,
        included: Option<&str>,
        context: CallContext<'_>,
    ) -> PortResult<Result<Enrichment, Retry>> {
        let mut gathered = Gathered::default();
        if let Some(id) = certificate_id {
            match self.by_id(id, context).await? {
                Err(retry) => return Ok(Err(retry)),
                Ok(resolved) => gathered.add_by_id(id, resolved),
            }
        }
        for domain in domains {
            let mut pages = Pages::of(domain);
            loop {
                match pages.next(&self.meta, context).await? {
                    Err(retry) => return Ok(Err(retry)),
                    Ok(None) => break,
                    Ok(Some(resolved)) => gathered.add_page(domain, resolved),
                }
            }
            if gathered.is_over() {
                break;
            }
        }
        Ok(Ok(gathered.into_found(included, context)))
    }

    pub(crate) async fn by_id(
        &self,
        id: &str,
        context: CallContext<'_>,
    ) -> PortResult<Result<Resolved<FoundCertificate>, Retry>> {
        self.meta.call(&graph::certificate(id), context, graph::classify_certificate).await
    }
}

impl Gathered {
    fn add_by_id(&mut self, id: &str, resolved: Resolved<FoundCertificate>) {
        match resolved {
            Resolved::Good { value, status } => {
                self.answered(status);
                self.by_id = Some(value);
            }
            Resolved::Final(callback) => self.refused(&format!("certificate {id}"), callback),
        }
    }

    fn add_page(&mut self, domain: &str, resolved: Resolved<Page>) {
        match resolved {
            Resolved::Good { value, status } => {
                self.answered(status);
                let room = RELATED.saturating_sub(self.others.len());
                self.others.extend(value.certificates.into_iter().take(room));
            }
            Resolved::Final(callback) => self.refused(domain, callback),
        }
    }

    fn answered(&mut self, status: Option<u16>) {
        self.is_answered = true;
        self.status = status;
    }

    fn refused(&mut self, what: &str, callback: Callback) {
        if let Some(reason) = callback.reason {
            self.problems.push(format!("{what} was not found out: {reason}"));
        }
        // That the API is gone says more than that one of its answers was empty.
        if self.result.is_none() || callback.outcome == Outcome::Gone {
            self.result = Some(callback);
        }
    }

    /// Without a key, or with the API retired, no further question makes sense.
    fn is_over(&self) -> bool {
        self.result
            .as_ref()
            .is_some_and(|result| matches!(result.outcome, Outcome::Disabled | Outcome::Gone))
    }

    fn into_found(self, included: Option<&str>, context: CallContext<'_>) -> Enrichment {
        let callback = match self.result {
            Some(result) if !self.is_answered => result,
            _ if !self.is_answered => context.uncalled(Outcome::NotNeeded, None),
            _ => context.callback(Outcome::Queried, self.status),
        };
        let own = self.by_id.as_ref().or(self.others.first());
        let bundle = [included, own.and_then(|found| found.pem.as_deref())]
            .into_iter()
            .flatten()
            .find_map(|pem| certificate::read(pem.as_bytes(), context.now).ok());
        let found = match (bundle, own) {
            (Some(bundle), _) => Enrichment::bundle(callback, bundle),
            (None, Some(own)) => Enrichment {
                certificates: vec![own.certificate.clone()],
                ..Enrichment::bare(callback)
            },
            (None, None) => Enrichment::bare(callback),
        };
        let is_own = |other: &Certificate| {
            found.certificates.iter().any(|own| own.fingerprint_sha256 == other.fingerprint_sha256)
        };
        let related: Vec<_> = self
            .others
            .iter()
            .map(|found| found.certificate.clone())
            .filter(|c| !is_own(c))
            .collect();
        Enrichment { related, problems: self.problems, ..found }
    }
}

/// A found certificate as its own event carries it.
pub(crate) fn observed(
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
