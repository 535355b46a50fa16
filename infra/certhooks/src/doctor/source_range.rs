use envelope::Provider;
use ipnet::IpNet;

use crate::doctor::context::Context;
use crate::doctor::report::Finding;
use crate::stack::Stack;

const CHECK: &str = "source-range";
/// The addresses that CertCentral sends from (CertCentral webhooks, "Troubleshoot your webhook endpoint").
pub(crate) const DIGICERT_RANGE: &str = "216.168.240.0/20";

/// Whether the addresses that the provider sends from are allowed. For a stack, the parameter that it
/// was deployed with counts; else this command's environment, which is that of the webhook endpoint
/// where both are started alike. `None` where there is nothing to check.
pub(crate) fn check(context: &Context, provider: Provider) -> Option<Finding> {
    const NAME: &str = "SOURCE_IP_ALLOWLIST";
    if let Some(stack) = &context.stack {
        return (provider == Provider::DIGICERT).then(|| deployed(stack));
    }
    let allowlist = match intake::Settings::from_environment(&context.environment) {
        Ok(settings) => settings.allowlist,
        Err(error) => {
            return Some(Finding::error(CHECK, error.to_string(), "correct SOURCE_IP_ALLOWLIST"));
        }
    };
    match provider {
        Provider::META => None,
        _ if allowlist.is_empty() => {
            Some(Finding::ok(CHECK, format!("{NAME} is not set: every address is allowed")))
        }
        Provider::DIGICERT if contains_range(&allowlist, DIGICERT_RANGE) => {
            Some(Finding::ok(CHECK, format!("{NAME} contains {DIGICERT_RANGE}")))
        }
        Provider::DIGICERT => Some(Finding::error(
            CHECK,
            format!("{NAME} does not contain {DIGICERT_RANGE}, which CertCentral sends from"),
            format!("add {DIGICERT_RANGE} to {NAME} and restart the webhook endpoint"),
        )),
        Provider::CLOUDFLARE => Some(Finding::warning(
            CHECK,
            format!("{NAME} is set, and applies to Cloudflare's endpoint too"),
            "check that it contains the ranges of https://www.cloudflare.com/ips/",
        )),
    }
}

/// The resource policy of the stack's API and the webhook function both use this parameter.
fn deployed(stack: &Stack) -> Finding {
    const NAME: &str = "DigicertSourceCidrs";
    let ranges = stack.digicert_sources().unwrap_or_default();
    let ranges: Vec<IpNet> = ranges.split(',').filter_map(|range| range.parse().ok()).collect();
    if contains_range(&ranges, DIGICERT_RANGE) {
        return Finding::ok(CHECK, format!("the parameter {NAME} contains {DIGICERT_RANGE}"));
    }
    Finding::error(
        CHECK,
        format!("{NAME} does not contain {DIGICERT_RANGE}, which CertCentral sends from"),
        format!("add {DIGICERT_RANGE} to the parameter {NAME}, then run make deploy"),
    )
}

fn contains_range(allowlist: &[IpNet], range: &str) -> bool {
    let range = range.parse::<IpNet>();
    range.is_ok_and(|range| allowlist.iter().any(|allowed| allowed.contains(&range)))
}

#[cfg(test)]
mod tests {
    use super::{DIGICERT_RANGE, contains_range};

    #[test]
    fn a_range_must_be_contained_as_a_whole() {
        for (allowlist, expected) in [
            ("216.168.240.0/20", true),
            ("216.168.0.0/16", true),
            ("0.0.0.0/0", true),
            ("216.168.240.0/21", false),
            ("10.0.0.0/8", false),
            ("::/0", false),
        ] {
            assert_eq!(
                contains_range(&[allowlist.parse().unwrap()], DIGICERT_RANGE),
                expected,
                "{allowlist}"
            );
        }
    }
}
