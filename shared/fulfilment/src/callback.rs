use std::time::Duration;

use certificate::Bundle;
use envelope::{Callback, Certificate, Checks, Envelope, Outcome, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Call, Verdict};
use providers::reading::{Plan, Reading};
use providers::{cloudflare, digicert, meta};
use serde_json::Value;
use time::OffsetDateTime;

use crate::Settings;
use crate::client::{Called, Endpoint, client};
use crate::decide::{Next, Trouble, decide};
use crate::key::ApiKey;
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
    endpoint: Endpoint,
    key: Option<ApiKey<S>>,
}

/// What is known of an event once the provider was asked, or need not be.
pub(crate) struct Found {
    pub(crate) callback: Callback,
    pub(crate) status: Option<String>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) pem_chain: Option<String>,
    pub(crate) checks: Checks,
    pub(crate) problems: Vec<String>,
    pub(crate) dcv: Option<Value>,
    pub(crate) related: Vec<Certificate>,
}

/// Not now: the envelope goes back onto the queue.
pub(crate) struct Later {
    pub(crate) delay: Duration,
    /// `None` when the budget had no room or the run no time: then it does not count as an attempt.
    pub(crate) trouble: Option<(Reason, Trouble)>,
    pub(crate) status: Option<u16>,
}

/// The end of one question: an answer to use, or a result without one.
pub(crate) enum Settled<T> {
    Good { value: T, status: Option<u16> },
    Final(Callback),
}

/// The event in whose course a question is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) now: OffsetDateTime,
}

impl Asking<'_> {
    fn attempts(self) -> u32 {
        self.envelope.attempts.saturating_add(1)
    }

    pub(crate) fn callback(self, outcome: Outcome, status: Option<u16>) -> Callback {
        Callback { outcome, reason: None, attempts: self.attempts(), status }
    }

    /// A result that needed no call in this attempt.
    pub(crate) fn uncalled(self, outcome: Outcome, reason: Option<Reason>) -> Callback {
        Callback { outcome, reason, attempts: self.envelope.attempts, status: None }
    }
}

impl Found {
    /// A result without any certificate of its own.
    pub(crate) fn bare(callback: Callback) -> Self {
        Self {
            callback,
            status: None,
            certificates: Vec::new(),
            pem_chain: None,
            checks: Checks::default(),
            problems: Vec::new(),
            dcv: None,
            related: Vec::new(),
        }
    }

    /// With what came in the event itself, if it can be read.
    pub(crate) fn included(callback: Callback, pem: Option<&str>, now: OffsetDateTime) -> Self {
        match pem.and_then(|pem| certificate::read(pem.as_bytes(), now).ok()) {
            Some(bundle) => Self::bundle(callback, bundle),
            None => Self::bare(callback),
        }
    }

    pub(crate) fn bundle(callback: Callback, bundle: Bundle) -> Self {
        let Bundle { certificates, pem_chain, checks } = bundle;
        Self { certificates, pem_chain: Some(pem_chain), checks, ..Self::bare(callback) }
    }
}

impl<S: SecretSource> Apis<S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub(crate) fn new(settings: &Settings, keys: crate::process::Keys<S>) -> reqwest::Result<Self> {
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
            digicert::api::judge_download(answer).and_then(|pem| {
                certificate::read(&pem, asking.now).map_or(Verdict::BadCertificate, Verdict::Good)
            })
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

impl Asking<'_> {
    pub(crate) fn settle<T>(
        self,
        verdict: Verdict<T>,
        status: Option<u16>,
    ) -> Result<Settled<T>, Later> {
        match decide(verdict, self.envelope, self.now, jitter()) {
            Next::Good(value) => Ok(Settled::Good { value, status }),
            Next::Final { outcome, reason } => Ok(Settled::Final(Callback {
                outcome,
                reason: Some(reason),
                attempts: self.attempts(),
                status,
            })),
            Next::Again { delay, reason, trouble } => {
                Err(Later { delay, trouble: Some((reason, trouble)), status })
            }
        }
    }
}

impl Later {
    /// Spread a little, so that all who wait do not come back at once.
    pub(crate) fn no_budget(wait: Duration) -> Self {
        let spread = wait.mul_f64(1.0 + jitter() / 2.0);
        let delay = Duration::from_secs(spread.as_secs().clamp(1, 899) + 1);
        Self { delay, trouble: None, status: None }
    }
}

/// Between 0 and 1; only spreads load, so the clock's last digits will do.
fn jitter() -> f64 {
    f64::from(OffsetDateTime::now_utc().nanosecond() / 1000 % 1000) / 1000.0
}
