use std::sync::Arc;

use certificate::{Bundle, NotACertificate};
use envelope::{Outcome, Provider, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Verdict};
use providers::reading::{Plan, Reading};
use providers::{cloudflare, digicert, meta};

use crate::api::Api;
use crate::asking::{Asking, Found, Later, Settled};
use crate::breaker::Breaker;
use crate::client::{Endpoint, client};
use crate::key::ApiKey;
use crate::process::Keys;
use crate::search::Domains;
use crate::{Clock, Settings};

/// The providers' APIs.
pub(crate) struct Apis<S> {
    pub(crate) digicert: Api<S>,
    pub(crate) cloudflare: Api<S>,
    pub(crate) meta: Api<S>,
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
        let key = |source: Option<S>, usable| {
            source.map(|source| ApiKey::new(source, usable, Arc::clone(clock)))
        };
        let breaker = |provider| Breaker::new(provider, Arc::clone(clock));
        Ok(Self {
            digicert: Api {
                endpoint: endpoint(&settings.digicert),
                key: key(keys.digicert, digicert::api::key),
                breaker: breaker(Provider::Digicert),
            },
            cloudflare: Api {
                endpoint: endpoint(&settings.cloudflare),
                key: key(keys.cloudflare, cloudflare::api::key),
                breaker: breaker(Provider::Cloudflare),
            },
            meta: Api {
                endpoint: endpoint(&settings.meta),
                key: key(keys.meta, meta::api::key),
                breaker: breaker(Provider::Meta),
            },
            meta_domains: Domains::new(settings.meta_domains.clone(), Arc::clone(clock)),
        })
    }

    /// The call-back column of design section 4, for every plan that ends in one event.
    /// `Observed` is [`crate::observe`]'s, unless Meta's call-back is disabled.
    pub(crate) async fn ask(
        &self,
        reading: &Reading,
        asking: Asking<'_>,
    ) -> PortResult<Result<Found, Later>> {
        match &reading.plan {
            Plan::NotNeeded => Ok(Ok(Found::bare(asking.uncalled(Outcome::NotNeeded, None)))),
            Plan::UnusableId => {
                let callback = asking.uncalled(Outcome::Failed, Some(Reason::UnusableId));
                Ok(Ok(Found::included(callback, reading.pem.as_deref(), asking.now)))
            }
            Plan::Download { certificate_id } => {
                self.download(*certificate_id, reading.pem.as_deref(), asking).await
            }
            Plan::OrderInfo { order_id } => self.order_info(*order_id, asking).await,
            Plan::Details { zone_id, hostname_id } => {
                self.details(zone_id, hostname_id, asking).await
            }
            Plan::Phishing { domains, certificate_id } => {
                self.phishing(domains, certificate_id.as_deref(), reading.pem.as_deref(), asking)
                    .await
            }
            Plan::Observed { .. } => {
                let callback = asking.uncalled(Outcome::Disabled, None);
                Ok(Ok(Found::included(callback, reading.pem.as_deref(), asking.now)))
            }
        }
    }

    /// A chain that came with the event saves the download, if it can be read.
    async fn download(
        &self,
        certificate_id: u64,
        included: Option<&str>,
        asking: Asking<'_>,
    ) -> PortResult<Result<Found, Later>> {
        let included = included.and_then(|pem| certificate::read(pem.as_bytes(), asking.now).ok());
        if let Some(bundle) = included {
            let callback = asking.uncalled(Outcome::Included, None);
            return Ok(Ok(Found::bundle(callback, bundle)));
        }
        let judge = |answer: &Answer<'_>| {
            digicert::api::judge_download(answer)
                .and_then(|pem| readable(certificate::read(&pem, asking.now)))
        };
        let call = digicert::api::download(certificate_id);
        let settled = self.digicert.call(&call, asking, judge).await?;
        Ok(settled.map(|settled| match settled {
            Settled::Good { value, status } => {
                Found::bundle(asking.callback(Outcome::Downloaded, status), value)
            }
            Settled::Final(callback) => Found::bare(callback),
        }))
    }

    async fn order_info(
        &self,
        order_id: u64,
        asking: Asking<'_>,
    ) -> PortResult<Result<Found, Later>> {
        let call = digicert::api::order_info(order_id);
        let settled = self.digicert.call(&call, asking, digicert::api::judge_order_info).await?;
        Ok(settled.map(|settled| match settled {
            Settled::Good { value, status } => Found {
                status: value.status,
                certificates: value.certificates,
                problems: value.problems,
                ..Found::bare(asking.callback(Outcome::Queried, status))
            },
            Settled::Final(callback) => Found::bare(callback),
        }))
    }

    async fn details(
        &self,
        zone_id: &str,
        hostname_id: &str,
        asking: Asking<'_>,
    ) -> PortResult<Result<Found, Later>> {
        let call = cloudflare::api::details(zone_id, hostname_id);
        let settled = self.cloudflare.call(&call, asking, cloudflare::api::judge_details).await?;
        Ok(settled.map(|settled| match settled {
            Settled::Good { value, status } => Found {
                status: value.status,
                certificates: value.certificates,
                problems: value.problems,
                dcv: value.dcv,
                ..Found::bare(asking.callback(Outcome::Queried, status))
            },
            Settled::Final(callback) => Found::bare(callback),
        }))
    }
}

/// What breaks off in the middle of its armour was cut on the way, whatever its length says.
fn readable(read: Result<Bundle, NotACertificate>) -> Verdict<Bundle> {
    match read {
        Ok(bundle) => Verdict::Good(bundle),
        Err(fault) if fault.is_cut_short() => {
            Verdict::Again { reason: Reason::Unreadable, after: None }
        }
        Err(_) => Verdict::BadCertificate,
    }
}
