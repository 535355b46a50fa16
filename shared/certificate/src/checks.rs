use envelope::Checks;
use time::OffsetDateTime;

use crate::findings::result_of;
use crate::key::KeyKind;
use crate::order::Order;
use crate::parsed::Parsed;
use crate::{leaf_checks, signature_checks};

/// Content of the input that is not in the bundle.
pub(crate) struct Dropped {
    /// Label and count of each certificate that occurred more than once.
    pub(crate) duplicates: Vec<(String, usize)>,
    /// PEM labels of the private keys.
    pub(crate) private_keys: Vec<String>,
}

/// Runs all checks on certificates in their order, leaf first.
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
        order: result_of(&order.findings),
        signatures: signature_checks::signatures(ordered),
        validity: validity(ordered, now),
        key_strength: key_strength(ordered),
        leaf_not_ca: leaf(leaf_checks::not_ca),
        names_present: leaf(leaf_checks::names_present),
        duplicates: duplicates(&dropped.duplicates),
        private_key: private_key(&dropped.private_keys),
        algorithm: signature_checks::algorithms(ordered),
    }
}

/// Certificates are valid from notBefore through notAfter, both included (RFC 5280, 4.1.2.5).
fn validity(certificates: &[Parsed<'_>], now: OffsetDateTime) -> String {
    let findings: Vec<String> = certificates
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
    result_of(&findings)
}

/// RSA keys must have 2048 bits, elliptic curve keys 256 bits (NIST SP 800-57 part 1, table 2: 112
/// bits of security or more).
fn key_strength(certificates: &[Parsed<'_>]) -> String {
    let findings: Vec<String> = certificates
        .iter()
        .filter_map(|certificate| {
            let key = &certificate.key;
            let minimum = if key.kind == KeyKind::Rsa { 2048 } else { 256 };
            match key.bits {
                Some(bits) if bits >= minimum => None,
                Some(bits) => Some(format!(
                    "{} key of {} has {bits} bits, less than {minimum}",
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
    result_of(&findings)
}

fn duplicates(duplicates: &[(String, usize)]) -> String {
    let findings: Vec<String> =
        duplicates.iter().map(|(label, count)| format!("{label} came {count} times")).collect();
    result_of(&findings)
}

fn private_key(labels: &[String]) -> String {
    let findings: Vec<String> = labels
        .iter()
        .map(|label| format!("a private key came along and was removed ({label})"))
        .collect();
    result_of(&findings)
}
