use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{PortResult, SecretSource};
use providers::meta::api::{self as graph, Page};
use tokio::sync::Mutex;

use crate::enrichment::{CallContext, Resolved, Retry};
use crate::provider_api::ProviderApi;
use crate::{Clock, MetaDomains};

/// The documented limit of one domain in one event: this many pages of 500 certificates each.
pub(crate) const MAX_PAGES: u32 = 20;

/// How long the app's subscribed domains are cached.
const DOMAINS_TTL: Duration = Duration::from_secs(600);

/// The pages of the certificate search for one domain.
pub(crate) struct CertificatePages<'a> {
    domain: &'a str,
    after: Option<String>,
    left: u32,
}

impl<'a> CertificatePages<'a> {
    pub(crate) fn of(domain: &'a str) -> Self {
        Self { domain, after: None, left: MAX_PAGES }
    }

    /// Returns the next page; `None` after the last page or the limit.
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

    /// Whether the limit ended the search before the last page.
    pub(crate) fn is_truncated(&self) -> bool {
        self.after.is_some()
    }
}

/// The domains whose certificates are searched for.
pub(crate) struct Domains {
    setting: MetaDomains,
    clock: Arc<dyn Clock>,
    cache: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Domains {
    pub(crate) fn new(setting: MetaDomains, clock: Arc<dyn Clock>) -> Self {
        Self { setting, clock, cache: Mutex::new(None) }
    }

    /// Returns the configured domains, or those that the app subscribed to.
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
        let mut cache = self.cache.lock().await;
        if let Some((read, domains)) = &*cache
            && self.clock.instant().saturating_duration_since(*read) < DOMAINS_TTL
        {
            return Ok(Ok(Resolved::Good { value: domains.clone(), status: None }));
        }
        let (mut domains, mut after) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
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
        *cache = Some((self.clock.instant(), domains.clone()));
        Ok(Ok(Resolved::Good { value: domains, status: None }))
    }
}
