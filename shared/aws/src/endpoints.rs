use std::fmt;

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use boot::{Environment, SettingError};

const URL: &str = "AWS_ENDPOINT_URL";

/// The endpoint variables of single services, such as `AWS_ENDPOINT_URL_SQS`, and of all services
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
pub(crate) struct Endpoints {
    environment: Environment,
    ignore_urls: bool,
}

impl Endpoints {
    /// # Errors
    /// When `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is neither `true` nor `false`.
    pub(crate) fn of(environment: &Environment) -> Result<Self, SettingError> {
        let ignore_urls = environment.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?;
        Ok(Self { environment: environment.clone(), ignore_urls })
    }

    /// The endpoint of every service without its own.
    pub(crate) fn for_all(&self) -> Option<String> {
        self.variable(URL, URL)
    }

    /// Reads `variable`, which is a form of the setting `setting`.
    fn variable(&self, setting: &str, variable: &str) -> Option<String> {
        let is_ignored = self.ignore_urls && setting == URL;
        self.environment.optional(variable).filter(|_| !is_ignored).map(str::to_owned)
    }
}

/// Prints none of the variables, because some are secret.
impl fmt::Debug for Endpoints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Endpoints").finish_non_exhaustive()
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        self.variable(key.env(), &format!("{}_{service}", key.env()))
            .or_else(|| self.variable(key.env(), key.env()))
    }
}

#[cfg(test)]
mod tests {
    use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

    use super::Endpoints;

    #[test]
    fn a_services_own_endpoint_takes_precedence() {
        let all = ("AWS_ENDPOINT_URL", "http://all");
        let own = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://own");
        for (given, expected) in [
            (&[][..], None),
            (&[all], Some("http://all")),
            (&[all, own], Some("http://own")),
            (&[("AWS_ENDPOINT_URL_SQS", "http://other")], None),
            (&[all, own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], None),
        ] {
            let endpoints = Endpoints::of(&given.iter().copied().collect()).unwrap();
            let key = ServiceConfigKey::builder()
                .service_id("Secrets Manager")
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .unwrap();
            assert_eq!(endpoints.load_config(key).as_deref(), expected, "{given:?}");
        }
    }
}
