use envelope::Provider;
use ipnet::IpNet;

use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::stack::Stack;

const CHECK: &str = "source-range";
/// CertCentral's addresses (CertCentral webhooks, "Troubleshoot your webhook endpoint").
pub(crate) const DIGICERT_RANGE: &str = "216.168.240.0/20";

/// Whether what the provider sends from may come in. Our own environment is looked at, which is that
/// of the door where both run on this machine; of a stack, what it was deployed with.
pub(crate) fn look(look: &Look, provider: Provider) -> Option<Finding> {
    const NAME: &str = "SOURCE_IP_ALLOWLIST";
    if let Some(stack) = &look.stack {
        return (provider == Provider::Digicert).then(|| deployed(stack));
    }
    let allowlist = match intake::Settings::from_environment(&look.environment) {
        Ok(settings) => settings.allowlist,
        Err(error) => {
            return Some(Finding::wrong(CHECK, error.to_string(), "correct the variable"));
        }
    };
    match provider {
        Provider::Meta => None,
        _ if allowlist.is_empty() => {
            Some(Finding::ok(CHECK, format!("{NAME} is not set here: any address may come in")))
        }
        Provider::Digicert if holds(&allowlist, DIGICERT_RANGE) => {
            Some(Finding::ok(CHECK, format!("{NAME} holds {DIGICERT_RANGE}")))
        }
        Provider::Digicert => Some(Finding::wrong(
            CHECK,
            format!("{NAME} does not hold {DIGICERT_RANGE}, which CertCentral sends from"),
            format!("add {DIGICERT_RANGE} to {NAME} and start the door again"),
        )),
        Provider::Cloudflare => Some(Finding::warning(
            CHECK,
            format!("{NAME} is set, and counts for Cloudflare's door too"),
            "see that it holds the ranges of https://www.cloudflare.com/ips/",
        )),
    }
}

/// The resource policy of its API and the function decide, both by this parameter.
fn deployed(stack: &Stack) -> Finding {
    const NAME: &str = "DigicertSourceCidrs";
    let ranges = stack.digicert_sources().unwrap_or_default();
    let ranges: Vec<IpNet> = ranges.split(',').filter_map(|range| range.parse().ok()).collect();
    if holds(&ranges, DIGICERT_RANGE) {
        return Finding::ok(CHECK, format!("the parameter {NAME} holds {DIGICERT_RANGE}"));
    }
    Finding::wrong(
        CHECK,
        format!("{NAME} does not hold {DIGICERT_RANGE}, which CertCentral sends from"),
        format!("add {DIGICERT_RANGE} to the parameter {NAME}, then make deploy"),
    )
}

fn holds(allowlist: &[IpNet], range: &str) -> bool {
    let range = range.parse::<IpNet>();
    range.is_ok_and(|range| allowlist.iter().any(|allowed| allowed.contains(&range)))
}

#[cfg(test)]
mod tests {
    use super::{DIGICERT_RANGE, holds};

    #[test]
    fn a_range_is_held_whole_or_not() {
        for (allowlist, expected) in [
            ("216.168.240.0/20", true),
            ("216.168.0.0/16", true),
            ("0.0.0.0/0", true),
            ("216.168.240.0/21", false),
            ("10.0.0.0/8", false),
            ("::/0", false),
        ] {
            assert_eq!(
                holds(&[allowlist.parse().unwrap()], DIGICERT_RANGE),
                expected,
                "{allowlist}"
            );
        }
    }
}
