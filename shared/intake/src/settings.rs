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
        if settings.allow_unauthenticated && admits_nearly_anyone(&settings.allowlist) {
            return Err(SettingError::new(
                "SOURCE_IP_ALLOWLIST",
                "is the only check with ALLOW_UNAUTHENTICATED, and admits nearly every address: name the \
                 provider's ranges",
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

/// An address, or a range of addresses as a CIDR. IPv4 addresses that are written as IPv6 ones
/// (`::ffff:192.0.2.0/120`) are read as IPv4, in which all addresses are compared.
fn address_range(text: &str) -> Result<IpNet, String> {
    let range = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let range = range.map_err(|_| format!("`{text}` is not a CIDR range"))?;
    let mapped = match range {
        IpNet::V6(range) => range.addr().to_ipv4_mapped().zip(range.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    match mapped.map(|(address, length)| IpNet::new(address.into(), length)) {
        Some(mapped) => mapped.map_err(|_| format!("`{text}` is not a CIDR range")),
        None => Ok(range),
    }
}

/// The range of a proxy whose `X-Forwarded-For` is believed.
///
/// # Errors
/// The text is no range, or one of nearly all addresses: a client in it may claim any address.
pub fn proxy_range(text: &str) -> Result<IpNet, String> {
    let range = address_range(text)?;
    if admits_nearly_anyone(&[range]) {
        return Err(format!(
            "`{text}` lets nearly everybody claim any address: name the proxy's own"
        ));
    }
    Ok(range)
}

/// Whether a list leaves out so little that it is no check: more of the addresses than any provider
/// sends from.
fn admits_nearly_anyone(ranges: &[IpNet]) -> bool {
    IpNet::aggregate(&ranges.to_vec()).iter().any(|range| match range {
        IpNet::V4(range) => range.prefix_len() < 8,
        IpNet::V6(range) => range.prefix_len() < 16,
    })
}

fn allowlist(environment: &Environment) -> Result<Vec<IpNet>, SettingError> {
    const NAME: &str = "SOURCE_IP_ALLOWLIST";
    let range =
        |text: &str| address_range(text).map_err(|problem| SettingError::new(NAME, problem));
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

    const OPEN: (&str, &str) = ("ALLOW_UNAUTHENTICATED", "true");

    #[test]
    fn an_allowlist_alone_is_a_check_if_it_names_a_provider() {
        for list in ["216.168.240.0/20", "10.0.0.0/8,2001:db8::/32", "192.0.2.1"] {
            assert!(settings(&[OPEN, ("SOURCE_IP_ALLOWLIST", list)]).is_ok(), "{list}");
        }
        // Beside a secret the list may be as wide as the operator likes.
        assert!(settings(&[("SOURCE_IP_ALLOWLIST", "0.0.0.0/0,::/0")]).is_ok());
    }

    #[test]
    fn ranges_of_mapped_addresses_are_those_of_ipv4() {
        for list in ["::ffff:216.168.240.0/116", "::ffff:d8a8:f000/116"] {
            let listed = settings(&[("SOURCE_IP_ALLOWLIST", list)]).unwrap();
            for (address, allowed) in [
                ("216.168.240.1", true),
                ("::ffff:216.168.255.255", true),
                ("216.169.0.1", false),
                ("2001:db8::1", false),
            ] {
                assert_eq!(listed.allows(address.parse().ok()), allowed, "{list} {address}");
            }
        }
        let one = settings(&[("SOURCE_IP_ALLOWLIST", "::ffff:192.0.2.7")]).unwrap();
        assert!(one.allows("192.0.2.7".parse().ok()) && !one.allows("192.0.2.8".parse().ok()));
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
            (&[OPEN, ("SOURCE_IP_ALLOWLIST", "0.0.0.0/0,::/0")], "SOURCE_IP_ALLOWLIST"),
            (&[OPEN, ("SOURCE_IP_ALLOWLIST", "::/0")], "SOURCE_IP_ALLOWLIST"),
            (&[OPEN, ("SOURCE_IP_ALLOWLIST", "0.0.0.0/1, 128.0.0.0/1")], "SOURCE_IP_ALLOWLIST"),
            (&[OPEN, ("SOURCE_IP_ALLOWLIST", "128.0.0.0/1,2001:db8::/32")], "SOURCE_IP_ALLOWLIST"),
            (&[OPEN, ("SOURCE_IP_ALLOWLIST", "::ffff:0.0.0.0/96")], "SOURCE_IP_ALLOWLIST"),
            (&[("MAX_BODY_BYTES", "512k")], "MAX_BODY_BYTES"),
            (&[("SECRET_CACHE_SECONDS", "-1")], "SECRET_CACHE_SECONDS"),
            (&[("SECRET_OVERLAP_HOURS", "a day")], "SECRET_OVERLAP_HOURS"),
        ] {
            assert_eq!(settings(variables).unwrap_err().name, name);
        }
    }
}
