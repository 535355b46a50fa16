use envelope::Provider;
use ipnet::IpNet;
use providers::profile::{self, Sources};

use crate::doctor::{Context, Finding};
use crate::installation::Allowlist;

/// Whether the addresses that the provider sends from are allowed; `None` where there is nothing to
/// check.
pub(crate) fn check(context: &Context, provider: Provider) -> Option<Finding> {
    let sources = &profile::of(provider).sources;
    let parameter = match sources {
        Sources::Range { stack_parameter, .. } => Some(*stack_parameter),
        Sources::Listed { .. } => None,
        Sources::Unknown => return None,
    };
    let allowlist = match context.installation.allowlist(&context.environment, parameter) {
        Ok(allowlist) => allowlist?,
        Err(error) => {
            return Some(Finding::error(error.to_string(), "correct SOURCE_IP_ALLOWLIST"));
        }
    };
    let Allowlist { name, ranges, then } = allowlist;
    let Some(ranges) = ranges else {
        return Some(Finding::ok(format!("{name} is not set: every address is allowed")));
    };
    Some(match sources {
        Sources::Range { range, .. } if contains_range(&ranges, range) => {
            Finding::ok(format!("{name} contains {range}"))
        }
        Sources::Range { range, .. } => Finding::error(
            format!("{name} does not contain {range}, which {provider} sends from"),
            format!("add {range} to {name} and {then}"),
        ),
        Sources::Listed { page } => Finding::warning(
            format!("{name} is set, and applies to the endpoint of {provider} too"),
            format!("check that it contains the ranges of {page}"),
        ),
        Sources::Unknown => return None,
    })
}

fn contains_range(allowlist: &[IpNet], range: &str) -> bool {
    let range = range.parse::<IpNet>();
    range.is_ok_and(|range| allowlist.iter().any(|allowed| allowed.contains(&range)))
}

#[cfg(test)]
mod tests {
    use super::contains_range;

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
                contains_range(&[allowlist.parse().unwrap()], "216.168.240.0/20"),
                expected,
                "{allowlist}"
            );
        }
    }
}
