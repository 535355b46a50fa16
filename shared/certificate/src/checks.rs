use envelope::Checks;
use time::OffsetDateTime;

use crate::key::Kind;
use crate::order::Order;
use crate::parsed::Parsed;
use crate::{leaf, links};

/// Sentences that a check holds before it only counts.
const MOST: usize = 3;

/// What came along with the certificates, and did not stay.
pub(crate) struct Dropped {
    /// Label and count of what came more than once.
    pub(crate) duplicates: Vec<(String, usize)>,
    /// Labels of the private keys.
    pub(crate) private_keys: Vec<String>,
}

/// All checks of certificates that stand in their order, leaf first.
pub(crate) fn run(
    ordered: &[Parsed<'_>],
    order: &Order,
    dropped: &Dropped,
    now: OffsetDateTime,
) -> Checks {
    let leaf = |check: fn(&Parsed<'_>) -> String| {
        ordered.first().map_or_else(|| Checks::NOT_APPLICABLE.to_owned(), check)
    };
    Checks {
        order: verdict(&order.wrong),
        signatures: links::signatures(ordered),
        validity: validity(ordered, now),
        key_strength: key_strength(ordered),
        leaf_not_ca: leaf(leaf::not_ca),
        names_present: leaf(leaf::names_present),
        duplicates: duplicates(&dropped.duplicates),
        private_key: private_key(&dropped.private_keys),
        algorithm: links::algorithms(ordered),
    }
}

/// `ok`, or what is wrong in a sentence or two.
pub(crate) fn verdict(wrong: &[String]) -> String {
    if wrong.is_empty() {
        return Checks::OK.to_owned();
    }
    let shown = wrong.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join("; ");
    match wrong.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// RFC 5280, 4.1.2.5: from notBefore through notAfter, both included.
fn validity(certificates: &[Parsed<'_>], now: OffsetDateTime) -> String {
    let wrong: Vec<String> = certificates
        .iter()
        .filter_map(|certificate| {
            let validity = certificate.x509.validity();
            let (start, end) =
                (validity.not_before.to_datetime(), validity.not_after.to_datetime());
            if now > end {
                Some(format!("{} expired on {}", certificate.label(), envelope::rfc3339(end)))
            } else if now < start {
                Some(format!(
                    "{} is not valid before {}",
                    certificate.label(),
                    envelope::rfc3339(start)
                ))
            } else {
                None
            }
        })
        .collect();
    verdict(&wrong)
}

/// RSA of 2048 bits, elliptic curves of 256 bits and above (NIST SP 800-57 part 1, table 2: 112 bits
/// of security and more).
fn key_strength(certificates: &[Parsed<'_>]) -> String {
    let wrong: Vec<String> = certificates
        .iter()
        .filter_map(|certificate| {
            let key = &certificate.key;
            let least = if key.kind == Kind::Rsa { 2048 } else { 256 };
            match key.bits {
                Some(bits) if bits >= least => None,
                Some(bits) => Some(format!(
                    "{} key of {} has {bits} bits, less than {least}",
                    key.algorithm,
                    certificate.label()
                )),
                None => Some(format!(
                    "the strength of the {} key of {} is not known",
                    key.algorithm,
                    certificate.label()
                )),
            }
        })
        .collect();
    verdict(&wrong)
}

fn duplicates(duplicates: &[(String, usize)]) -> String {
    let wrong: Vec<String> =
        duplicates.iter().map(|(label, count)| format!("{label} came {count} times")).collect();
    verdict(&wrong)
}

fn private_key(labels: &[String]) -> String {
    let wrong: Vec<String> = labels
        .iter()
        .map(|label| format!("a private key came along and was removed ({label})"))
        .collect();
    verdict(&wrong)
}
