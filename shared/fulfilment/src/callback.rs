use certificate::{Bundle, NotACertificate};
use envelope::{Outcome, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Call, Verdict};
use providers::reading::{Plan, Reading};
use providers::{cloudflare, digicert, meta};

use crate::Settings;
use crate::asking::{Asking, Found, Later, Settled};
use crate::client::{Called, Endpoint, client};
use crate::key::ApiKey;
use crate::process::Keys;
use crate::search::Domains;

/// The providers' APIs.
pub(crate) struct Apis<S> {
    pub(crate) digicert: Api<S>,
    pub(crate) cloudflare: Api<S>,
    pub(crate) meta: Api<S>,
    pub(crate) meta_domains: Domains,
}

/// One provider's API; without a key its call-back is `disabled`.
pub(crate) struct Api<S> {
    pub(crate) endpoint: Endpoint,
    pub(crate) key: Option<ApiKey<S>>,
}

impl<S: SecretSource> Apis<S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub(crate) fn new(settings: &Settings, keys: Keys<S>) -> reqwest::Result<Self> {
        let client = client(settings.callback_timeout)?;
        let endpoint = |api| Endpoint::new(client.clone(), api, settings.concurrency);
        Ok(Self {
            digicert: Api {
                endpoint: endpoint(&settings.digicert),
                key: keys.digicert.map(|source| ApiKey::new(source, digicert::api::key)),
            },
            cloudflare: Api {
                endpoint: endpoint(&settings.cloudflare),
                key: keys.cloudflare.map(|source| ApiKey::new(source, cloudflare::api::key)),
            },
            meta: Api {
                endpoint: endpoint(&settings.meta),
                key: keys.meta.map(|source| ApiKey::new(source, meta::api::key)),
            },
            meta_domains: Domains::new(settings.meta_domains.clone()),
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

impl<S: SecretSource> Api<S> {
    pub(crate) fn is_disabled(&self) -> bool {
        self.key.is_none()
    }

    /// One question to the provider, to its end or to a later attempt.
    pub(crate) async fn call<T>(
        &self,
        call: &Call,
        asking: Asking<'_>,
        judge: impl Fn(&Answer<'_>) -> Verdict<T>,
    ) -> PortResult<Result<Settled<T>, Later>> {
        let Some(key) = &self.key else {
            return Ok(Ok(Settled::Final(asking.uncalled(Outcome::Disabled, None))));
        };
        let is_first = asking.envelope.attempts == 0;
        let called = match key.current().await? {
            Some(usable) => self.endpoint.call(call, &usable, is_first, judge).await,
            None => Called::Answered {
                verdict: Verdict::KeyRefused { reason: Reason::Unauthorized },
                status: None,
            },
        };
        let (verdict, status) = match called {
            Called::Answered { verdict, status } => (verdict, status),
            Called::NoBudget(delay) => return Ok(Err(Later::no_budget(delay))),
        };
        if matches!(verdict, Verdict::KeyRefused { .. }) {
            key.forget().await;
        }
        Ok(asking.settle(verdict, status))
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
