use std::sync::Arc;

use certificate::{Bundle, NotACertificate};
use envelope::{Outcome, Provider, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Classification};
use providers::interpretation::{Interpretation, Plan};
use providers::{cloudflare, digicert, meta};

use crate::breaker::Breaker;
use crate::client::{Endpoint, client};
use crate::enrichment::{CallContext, Enrichment, Resolved, Retry};
use crate::key::{ApiKey, Keys};
use crate::pages::Domains;
use crate::provider_api::ProviderApi;
use crate::{Clock, Settings};

/// The providers' APIs.
pub(crate) struct Apis<S> {
    pub(crate) digicert: ProviderApi<S>,
    pub(crate) cloudflare: ProviderApi<S>,
    pub(crate) meta: ProviderApi<S>,
    pub(crate) meta_domains: Domains,
}

impl<S: SecretSource> Apis<S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub(crate) fn new(
        settings: &Settings,
        keys: Keys<S>,
        clock: &Arc<dyn Clock>,
    ) -> reqwest::Result<Self> {
        let client = client(settings.callback_timeout)?;
        let workers = settings.concurrency;
        let endpoint = |api| Endpoint::new(client.clone(), api, workers, Arc::clone(clock));
        let key = |source: Option<S>, parse| {
            source.map(|source| ApiKey::new(source, parse, Arc::clone(clock)))
        };
        let breaker = |provider| Breaker::new(provider, Arc::clone(clock));
        Ok(Self {
            digicert: ProviderApi {
                endpoint: endpoint(&settings.digicert),
                key: key(keys.digicert, digicert::api::key),
                breaker: breaker(Provider::Digicert),
            },
            cloudflare: ProviderApi {
                endpoint: endpoint(&settings.cloudflare),
                key: key(keys.cloudflare, cloudflare::api::key),
                breaker: breaker(Provider::Cloudflare),
            },
            meta: ProviderApi {
                endpoint: endpoint(&settings.meta),
                key: key(keys.meta, meta::api::key),
                breaker: breaker(Provider::Meta),
            },
            meta_domains: Domains::new(settings.meta_domains.clone(), Arc::clone(clock)),
        })
    }

    /// Makes the call-back of every plan that ends in one event (infra/docs/architecture.md,
    /// "Call-backs and their results"). [`crate::observe`] handles `Observed`, unless Meta's call-back
    /// is disabled.
    pub(crate) async fn enrich(
        &self,
        interpretation: &Interpretation,
        context: CallContext<'_>,
    ) -> PortResult<Result<Enrichment, Retry>> {
        match &interpretation.plan {
            Plan::NotNeeded => Ok(Ok(Enrichment::bare(context.uncalled(Outcome::NotNeeded, None)))),
            Plan::UnusableId => {
                let callback = context.uncalled(Outcome::Failed, Some(Reason::UnusableId));
                Ok(Ok(Enrichment::included(callback, interpretation.pem.as_deref(), context.now)))
            }
            Plan::Download { certificate_id } => {
                self.download(*certificate_id, interpretation.pem.as_deref(), context).await
            }
            Plan::OrderInfo { order_id } => self.order_info(*order_id, context).await,
            Plan::Details { zone_id, hostname_id } => {
                self.details(zone_id, hostname_id, context).await
            }
            Plan::Phishing { domains, certificate_id } => {
                self.search_phishing(
                    domains,
                    certificate_id.as_deref(),
                    interpretation.pem.as_deref(),
                    context,
                )
                .await
            }
            Plan::Observed { .. } => {
                let callback = context.uncalled(Outcome::Disabled, None);
                Ok(Ok(Enrichment::included(callback, interpretation.pem.as_deref(), context.now)))
            }
        }
    }

    /// Downloads the chain, unless the event includes one that can be parsed.
    async fn download(
        &self,
        certificate_id: u64,
        included: Option<&str>,
        context: CallContext<'_>,
    ) -> PortResult<Result<Enrichment, Retry>> {
        let included = included.and_then(|pem| certificate::read(pem.as_bytes(), context.now).ok());
        if let Some(bundle) = included {
            let callback = context.uncalled(Outcome::Included, None);
            return Ok(Ok(Enrichment::bundle(callback, bundle)));
        }
        let classify = |answer: &Answer<'_>| {
            digicert::api::classify_download(answer)
                .and_then(|pem| classify_chain(certificate::read(&pem, context.now)))
        };
        let call = digicert::api::download(certificate_id);
        let resolved = self.digicert.call(&call, context, classify).await?;
        Ok(resolved.map(|resolved| match resolved {
            Resolved::Good { value, status } => {
                Enrichment::bundle(context.callback(Outcome::Downloaded, status), value)
            }
            Resolved::Final(callback) => Enrichment::bare(callback),
        }))
    }

    async fn order_info(
        &self,
        order_id: u64,
        context: CallContext<'_>,
    ) -> PortResult<Result<Enrichment, Retry>> {
        let call = digicert::api::order_info(order_id);
        let resolved =
            self.digicert.call(&call, context, digicert::api::classify_order_info).await?;
        Ok(resolved.map(|resolved| match resolved {
            Resolved::Good { value, status } => Enrichment {
                status: value.status,
                certificates: value.certificates,
                problems: value.problems,
                ..Enrichment::bare(context.callback(Outcome::Queried, status))
            },
            Resolved::Final(callback) => Enrichment::bare(callback),
        }))
    }

    async fn details(
        &self,
        zone_id: &str,
        hostname_id: &str,
        context: CallContext<'_>,
    ) -> PortResult<Result<Enrichment, Retry>> {
        let call = cloudflare::api::details(zone_id, hostname_id);
        let resolved =
            self.cloudflare.call(&call, context, cloudflare::api::classify_details).await?;
        Ok(resolved.map(|resolved| match resolved {
            Resolved::Good { value, status } => Enrichment {
                status: value.status,
                certificates: value.certificates,
                problems: value.problems,
                dcv: value.dcv,
                ..Enrichment::bare(context.callback(Outcome::Queried, status))
            },
            Resolved::Final(callback) => Enrichment::bare(callback),
        }))
    }
}

/// Classifies a downloaded chain. PEM that ends within its armour was truncated in transit, even if
/// the length of the answer is right, so the download is retried.
fn classify_chain(read: Result<Bundle, NotACertificate>) -> Classification<Bundle> {
    match read {
        Ok(bundle) => Classification::Good(bundle),
        Err(error) if error.is_cut_short() => {
            Classification::Retry { reason: Reason::Unreadable, after: None }
        }
        Err(_) => Classification::BadCertificate,
    }
}
