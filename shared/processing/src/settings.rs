use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use boot::{Environment, SettingError};
use certificate::TrustAnchors;
use envelope::Provider;
use providers::enrich::Enrichers;
use providers::profile::{self, InvalidSetting, Profile};
use reqwest::Url;

use crate::Budget;
use crate::http::is_loopback;

/// The operator's settings of the worker (infra/docs/architecture.md, "Settings").
#[derive(Clone)]
pub struct Settings {
    /// Of every provider.
    pub apis: BTreeMap<Provider, Api>,
    /// The certificates that a path may end at (`TRUST_ANCHORS`).
    pub trust_anchors: Arc<TrustAnchors>,
    /// How long a certificate of the logs waits for its issuance before it is unexpected (`CT_GRACE_MINUTES`).
    pub ct_grace: time::Duration,
    /// Whether consumers receive the canary's events.
    pub deliver_canary: bool,
    pub callback_timeout: Duration,
    /// The number of workers that share the providers' budgets.
    pub concurrency: u32,
    /// How long a claim holds. It is 5 s shorter than the visibility timeout of the events queue (180 s
    /// in `infra/aws/template.yaml`), since some time passes between a receipt and its claim: so the
    /// next receipt does not meet the lease of a crashed worker.
    pub lease: Duration,
}

/// A provider, and its API: its address, how often it may be called, and what makes the call-backs.
#[derive(Clone)]
pub struct Api {
    pub profile: &'static Profile,
    pub base: Url,
    pub budget: Budget,
    pub enrichers: Arc<dyn Enrichers>,
}

impl Settings {
    /// # Errors
    /// When a variable is invalid; the error names it.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingError> {
        Self::of(environment, &profile::ALL)
    }

    /// The settings of a worker for these providers only.
    ///
    /// # Errors
    /// As [`Settings::from_environment`].
    pub fn of(environment: &Environment, rows: &[&'static Profile]) -> Result<Self, SettingError> {
        check_roots(environment)?;
        let apis = rows
            .iter()
            .map(|profile| Ok((profile.provider, Api::of(environment, profile)?)))
            .collect::<Result<_, SettingError>>()?;
        Ok(Self {
            apis,
            trust_anchors: Arc::new(trust_anchors(environment)?),
            ct_grace: ct_grace(environment)?,
            deliver_canary: environment.flag("DELIVER_CANARY")?,
            callback_timeout: Duration::from_secs(
                positive(environment, "CALLBACK_TIMEOUT_SECONDS", 10)?.into(),
            ),
            concurrency: positive(environment, "WORKER_CONCURRENCY", 1)?,
            lease: Duration::from_secs(175),
        })
    }
}

/// The HTTP client reads root certificates from there, and names neither variable nor file where it cannot.
fn check_roots(environment: &Environment) -> Result<(), SettingError> {
    const NAME: &str = "SSL_CERT_FILE";
    let Some(file) = environment.optional(NAME) else { return Ok(()) };
    let problem = |error| SettingError::new(NAME, format!("{file}: {error}"));
    std::fs::File::open(file).map(drop).map_err(problem)
}

impl Api {
    /// # Errors
    /// When a variable is invalid; the error names it.
    pub fn of(environment: &Environment, profile: &'static Profile) -> Result<Self, SettingError> {
        let profile::Api { base, base_variable, budget, budget_variable, .. } = profile.api;
        let base = api_base(base_variable, environment.optional(base_variable).unwrap_or(base))?;
        let text = environment.optional(budget_variable).unwrap_or(budget);
        let budget: Budget = text
            .parse()
            .map_err(|form| SettingError::new(budget_variable, format!("`{text}`: {form}")))?;
        if budget.is_none() && !is_loopback(&base) {
            return Err(SettingError::new(
                budget_variable,
                format!("`none` is for a {base_variable} on a loopback address only"),
            ));
        }
        let lookup = |name: &str| environment.optional(name).map(str::to_owned);
        let enrichers = (profile.enrichers)(&lookup)
            .map_err(|InvalidSetting { variable, problem }| SettingError::new(variable, problem))?;
        Ok(Self { profile, base, budget, enrichers: enrichers.into() })
    }
}

/// Parses the base URL of an API. It is https, or http on a loopback address, so that a key is never
/// sent unencrypted.
///
/// # Errors
/// When the URL is not allowed; the error names the variable `name`.
pub fn api_base(name: &'static str, text: &str) -> Result<Url, SettingError> {
    let problem = |problem: &str| SettingError::new(name, problem);
    let base = Url::parse(text.trim_end_matches('/'))
        .map_err(|error| problem(&format!("is not a URL: {error}")))?;
    let is_safe = base.scheme() == "https" || (base.scheme() == "http" && is_loopback(&base));
    if !is_safe {
        return Err(problem("must be https, or http on a loopback address"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(problem("must not contain a user name or password"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(problem("must not have a query or fragment"));
    }
    Ok(base)
}

/// Mozilla's list (`mozilla`), the certificates of a PEM file, or both, comma-separated. A file that
/// cannot be read, or holds no certificate, is an error: without it good chains would look untrusted.
fn trust_anchors(environment: &Environment) -> Result<TrustAnchors, SettingError> {
    const NAME: &str = "TRUST_ANCHORS";
    let text = environment.optional(NAME).unwrap_or("mozilla");
    let mut anchors = TrustAnchors::default();
    for source in text.split(',').map(str::trim).filter(|source| !source.is_empty()) {
        let more = if source == "mozilla" {
            TrustAnchors::mozilla()
        } else {
            let problem =
                |error: &dyn Display| SettingError::new(NAME, format!("{source}: {error}"));
            let bytes = std::fs::read(source).map_err(|error| problem(&error))?;
            TrustAnchors::from_pem(&bytes).map_err(|error| problem(&error))?
        };
        anchors = anchors.and(more);
    }
    if anchors.is_empty() {
        return Err(SettingError::new(NAME, "names no source; `mozilla`, a PEM file, or both"));
    }
    Ok(anchors)
}

/// A precertificate is logged before its provider tells of the certificate, mostly seconds, at times an hour.
fn ct_grace(environment: &Environment) -> Result<time::Duration, SettingError> {
    const NAME: &str = "CT_GRACE_MINUTES";
    const MAX: u32 = 10_080;
    match environment.parsed(NAME)?.unwrap_or(60) {
        minutes if minutes <= MAX => Ok(time::Duration::minutes(minutes.into())),
        _ => Err(SettingError::new(NAME, format!("must be 0 to {MAX}"))),
    }
}

fn positive(
    environment: &Environment,
    name: &'static str,
    default: u32,
) -> Result<u32, SettingError> {
    match environment.parsed(name)?.unwrap_or(default) {
        0 => Err(SettingError::new(name, "must be 1 or more")),
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Provider, Settings};

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, super::SettingError> {
        Settings::from_environment(&variables.iter().copied().collect::<Environment>())
    }

    #[test]
    fn errors_name_the_variable() {
        for (variables, name) in [
            (&[("DIGICERT_API_BASE", "http://www.digicert.com")][..], "DIGICERT_API_BASE"),
            (&[("DIGICERT_API_BASE", "www.digicert.com")], "DIGICERT_API_BASE"),
            (&[("META_API_BASE", "https://a:b@example.com")], "META_API_BASE"),
            (&[("CLOUDFLARE_API_BASE", "https://example.com/?a")], "CLOUDFLARE_API_BASE"),
            (&[("DIGICERT_API_BUDGET", "none")], "DIGICERT_API_BUDGET"),
            (&[("CLOUDFLARE_API_BUDGET", "fast")], "CLOUDFLARE_API_BUDGET"),
            (&[("WORKER_CONCURRENCY", "0")], "WORKER_CONCURRENCY"),
            (&[("CALLBACK_TIMEOUT_SECONDS", "1.5")], "CALLBACK_TIMEOUT_SECONDS"),
            (&[("META_DOMAINS", "a.example"), ("META_APP_ID", "1")], "META_APP_ID"),
            (&[("META_APP_ID", "../x")], "META_APP_ID"),
            (&[("DIGICERT_AUTO_VERIFY", "yes please")], "DIGICERT_AUTO_VERIFY"),
            (&[("DELIVER_CANARY", "now")], "DELIVER_CANARY"),
            (&[("CT_GRACE_MINUTES", "-1")], "CT_GRACE_MINUTES"),
            (&[("CT_GRACE_MINUTES", "10081")], "CT_GRACE_MINUTES"),
            (&[("TRUST_ANCHORS", "mozilla,/nowhere/anchors.pem")], "TRUST_ANCHORS"),
            (
                &[("TRUST_ANCHORS", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))],
                "TRUST_ANCHORS",
            ),
            (&[("TRUST_ANCHORS", ",")], "TRUST_ANCHORS"),
        ] {
            let error = settings(variables).err().unwrap();
            assert_eq!(error.name, name, "{variables:?}");
        }
    }

    #[test]
    fn anchors_of_mozilla_of_a_file_or_of_both() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../certificate/tests/fixtures/digicert-pem-all.pem"
        );
        let count = |text: &str| settings(&[("TRUST_ANCHORS", text)]).unwrap().trust_anchors.len();
        let mozilla = settings(&[]).unwrap().trust_anchors.len();
        assert_eq!(count("mozilla"), mozilla);
        assert_eq!(count(file), 3);
        assert_eq!(count(&format!("{file}, mozilla")), mozilla + 3);
    }

    #[test]
    fn loopback_addresses_may_use_http_and_have_no_limit() {
        for base in ["http://127.0.0.1:9/x", "http://localhost:9", "http://[::1]:9"] {
            let variables = [("DIGICERT_API_BASE", base), ("DIGICERT_API_BUDGET", "none")];
            assert!(settings(&variables).unwrap().apis[&Provider::DIGICERT].budget.is_none());
        }
    }
}
