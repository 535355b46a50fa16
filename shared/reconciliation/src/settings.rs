use std::time::Duration;

use boot::{Environment, SettingError};
use envelope::Provider;
use processing::Api;
use providers::{certspotter, cloudflare, profile};

/// The longest overlap in minutes.
const MAX_OVERLAP: u32 = 10_080;
/// The furthest that a run looks back, in minutes: 90 days. The ledger knows what was delivered for longer,
/// and no provider is known to keep its records for longer.
pub const MAX_WINDOW: u32 = 129_600;
const OVERLAP: &str = "RECONCILE_WINDOW_MINUTES";
/// The default overlap in minutes: a day, in which an event is put on the queue only once.
const DEFAULT_OVERLAP: u32 = 1440;
/// The timeout of an answer. A page of the event log has a thousand entries.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The operator's settings (infra/docs/architecture.md, "Settings"), for one provider.
#[derive(Clone)]
pub struct Settings {
    /// Its base and budget, of which the reconciler uses a fifth.
    pub api: Api,
    pub records: Records,
    /// `RECONCILE_WINDOW_MINUTES`: how much of the time before the last complete run a run looks at again.
    pub overlap_minutes: u32,
    /// The timeout of an answer.
    pub timeout: Duration,
}

/// The records that a run compares.
#[derive(Clone, Debug)]
pub enum Records {
    /// CertCentral's event log, and its status changes.
    CertCentral,
    /// Cloudflare's history of notifications, of this account (`CLOUDFLARE_ACCOUNT_ID`), and the certificates that it
    /// issues for zones of the domains whose logs are watched (`CERTSPOTTER_DOMAINS`).
    Cloudflare { account: String, domains: Vec<String> },
    /// What Cert Spotter found in the logs for these domains (`CERTSPOTTER_DOMAINS`).
    Certspotter { domains: Vec<String> },
}

impl Settings {
    /// The settings of a provider. `None` for one without records, or where Cloudflare's account or Cert Spotter's
    /// domains are not named.
    ///
    /// # Errors
    /// When a variable is invalid; the error names it.
    pub fn from_environment(
        environment: &Environment,
        provider: Provider,
    ) -> Result<Option<Self>, SettingError> {
        Self::of(Api::of(environment, profile::of(provider))?, environment)
    }

    /// Reads the other settings for a given API.
    ///
    /// # Errors
    /// As [`Settings::from_environment`].
    pub fn of(api: Api, environment: &Environment) -> Result<Option<Self>, SettingError> {
        let overlap_minutes = environment.parsed(OVERLAP)?.unwrap_or(DEFAULT_OVERLAP);
        if !(1..=MAX_OVERLAP).contains(&overlap_minutes) {
            return Err(SettingError::new(OVERLAP, format!("must be 1 to {MAX_OVERLAP}")));
        }
        let domains = || {
            let text = environment.optional(certspotter::DOMAINS_VARIABLE);
            let domains = text.map(certspotter::domains).transpose();
            domains.map_err(|problem| SettingError::new(certspotter::DOMAINS_VARIABLE, problem))
        };
        let records = match api.profile.provider {
            Provider::DIGICERT => Some(Records::CertCentral),
            Provider::CLOUDFLARE => match environment.optional(cloudflare::ACCOUNT_VARIABLE) {
                Some(account) => Some(Records::Cloudflare {
                    account: account.to_owned(),
                    domains: domains()?.unwrap_or_default(),
                }),
                None => None,
            },
            Provider::CERTSPOTTER => domains()?.map(|domains| Records::Certspotter { domains }),
            _ => None,
        };
        let settings = |records| Self { api, records, overlap_minutes, timeout: TIMEOUT };
        Ok(records.map(settings))
    }
}

#[cfg(test)]
mod tests {
    use boot::Environment;
    use envelope::Provider;

    use super::{Records, Settings};

    #[test]
    fn overlaps_are_a_minute_to_seven_days() {
        let overlap = |text: &str| {
            let environment: Environment =
                [("RECONCILE_WINDOW_MINUTES", text)].into_iter().collect();
            Settings::from_environment(&environment, Provider::DIGICERT)
                .map(|settings| settings.unwrap().overlap_minutes)
                .map_err(|error| error.name)
        };
        for (text, expected) in [("", 1440), ("1", 1), ("10080", 10_080)] {
            assert_eq!(overlap(text), Ok(expected), "{text}");
        }
        for text in ["0", "10081", "-1", "24h"] {
            assert_eq!(overlap(text), Err("RECONCILE_WINDOW_MINUTES"), "{text}");
        }
    }

    #[test]
    fn cloudflare_needs_its_account() {
        let settings = |variables: &[(&str, &str)]| {
            let environment: Environment = variables.iter().copied().collect();
            Settings::from_environment(&environment, Provider::CLOUDFLARE)
        };
        assert!(settings(&[]).unwrap().is_none());
        let named = settings(&[("CLOUDFLARE_ACCOUNT_ID", "a1")]).unwrap().unwrap();
        assert!(
            matches!(named.records, Records::Cloudflare { account, domains } if account == "a1" && domains.is_empty())
        );
        let error = settings(&[("CLOUDFLARE_ACCOUNT_ID", "../a")]).err().unwrap();
        assert_eq!(error.name, "CLOUDFLARE_ACCOUNT_ID");
    }

    #[test]
    fn certspotter_needs_its_domains() {
        let settings = |variables: &[(&str, &str)]| {
            let environment: Environment = variables.iter().copied().collect();
            Settings::from_environment(&environment, Provider::CERTSPOTTER)
        };
        assert!(settings(&[]).unwrap().is_none());
        let named = [("CERTSPOTTER_DOMAINS", "shop.example, Bank.example,shop.example")];
        let named = settings(&named).unwrap().unwrap();
        let expected = ["bank.example", "shop.example"];
        assert!(matches!(named.records, Records::Certspotter { domains } if domains == expected));
        for wrong in [",", "com", "https://bank.example", "bank.example/"] {
            let error = settings(&[("CERTSPOTTER_DOMAINS", wrong)]).err().unwrap();
            assert_eq!(error.name, "CERTSPOTTER_DOMAINS", "{wrong}");
        }
    }
}
