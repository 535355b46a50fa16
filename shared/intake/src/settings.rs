use std::net::IpAddr;
use std::time::Duration;

use boot::{Environment, SettingError};
use ipnet::IpNet;

/// The operator's settings of a webhook endpoint (infra/docs/architecture.md, "Settings").
#[derive(Clone, Debug)]
pub struct Settings {
    /// The addresses that may send; empty for any.
    pub allowlist: Vec<IpNet>,
    /// Whether the allowlist alone decides where there is no webhook secret.
    pub allow_unauthenticated: bool,
    /// The maximum size of a body in bytes; `None` for the provider's own limit.
    pub max_body: Option<usize>,
    pub secret_cache: Duration,
    /// How long the previous secret is accepted after the current one was created.
    pub secret_overlap: Duration,
    /// Whether events are marked as simulated. No variable sets this: only the program that simulates
    /// the providers does.
    pub simulated: bool,
}

impl Settings {
    /// # Errors
    /// When a variable is invalid, or `ALLOW_UNAUTHENTICATED` is set without an allowlist, so that
    /// nothing would be checked. The error names the variable.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingError> {
        let settings = Self {
            allowlist: allowlist(environment)?,
            allow_unauthenticated: environment.flag("ALLOW_UNAUTHENTICATED")?,
            max_body: environment.parsed("MAX_BODY_BYTES")?,
            secret_cache: Duration::from_secs(
                environment.parsed("SECRET_CACHE_SECONDS")?.unwrap_or(300),
            ),
            secret_overlap: Duration::from_secs(
                environment.parsed::<u32>("SECRET_OVERLAP_HOURS")?.map_or(24, u64::from) * 3600,
            ),
            simulated: false,
        };
        if settings.allow_unauthenticated && settings.allowlist.is_empty() {
            return Err(SettingError::new(
                "ALLOW_UNAUTHENTICATED",
                "needs SOURCE_IP_ALLOWLIST: without both a secret and an allowlist anyone could send events",
            ));
        }
        Ok(settings)
    }

    /// Whether a request from `source_ip` is allowed. An unknown address is on no list.
    pub(crate) fn allows(&self, source_ip: Option<IpAddr>) -> bool {
        let is_listed = |address: IpAddr| {
            let address = address.to_canonical();
            self.allowlist.iter().any(|range| range.contains(&address))
        };
        self.allowlist.is_empty() || source_ip.is_some_and(is_listed)
    }
}

fn allowlist(environment: &Environment) -> Result<Vec<IpNet>, SettingError> {
    const NAME: &str = "SOURCE_IP_ALLOWLIST";
    let range = |text: &str| {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| SettingError::new(NAME, format!("`{text}` is not a CIDR range")))
    };
    let Some(list) = environment.optional(NAME) else { return Ok(Vec::new()) };
    let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    let ranges: Vec<IpNet> = texts.map(range).collect::<Result<_, _>>()?;
    // An empty list would allow every address.
    if ranges.is_empty() {
        return Err(SettingError::new(NAME, format!("`{list}` contains no CIDR range")));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::{Environment, Settings};

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, boot::SettingError> {
        Settings::from_environment(&variables.iter().copied().collect::<Environment>())
    }

    #[test]
    fn addresses() {
        let listed = settings(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20, 2001:db8::1")]).unwrap();
        for (address, allowed) in [
            ("216.168.255.255", true),
            ("::ffff:216.168.240.1", true),
            ("2001:db8::1", true),
            ("216.169.0.1", false),
            ("2001:db8::2", false),
        ] {
            assert_eq!(listed.allows(address.parse().ok()), allowed, "{address}");
        }
        assert!(!listed.allows(None));
        assert!(settings(&[]).unwrap().allows(None));
    }

    #[test]
    fn errors_name_the_variable() {
        for (variables, name) in [
            (&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/33")][..], "SOURCE_IP_ALLOWLIST"),
            (&[("SOURCE_IP_ALLOWLIST", " , ")], "SOURCE_IP_ALLOWLIST"),
            (&[("ALLOW_UNAUTHENTICATED", "true")], "ALLOW_UNAUTHENTICATED"),
            (&[("MAX_BODY_BYTES", "512k")], "MAX_BODY_BYTES"),
            (&[("SECRET_CACHE_SECONDS", "-1")], "SECRET_CACHE_SECONDS"),
            (&[("SECRET_OVERLAP_HOURS", "a day")], "SECRET_OVERLAP_HOURS"),
        ] {
            assert_eq!(settings(variables).unwrap_err().name, name);
        }
    }
}
