use envelope::{Check, CheckResult, Code};
use time::OffsetDateTime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE;

use crate::key::KeyKind;
use crate::path::constraints::alternative_names;
use crate::path::node::Node;
use crate::path::purpose::Purpose;
use crate::signature_algorithm::{self, Scheme};

/// Sentences that a check holds before it only counts.
const MOST_SENTENCES: usize = 3;

/// What a check found of one certificate: result, code, sentence.
type Found = (CheckResult, Code, String);

/// The worst of what was found, with all that is as bad in its detail; else `ok`.
fn check(found: Vec<Found>, ok: &str) -> Check {
    let Some(worst) = found.iter().map(|(result, ..)| *result).max() else {
        return Check::ok(ok);
    };
    let mut bad = found.into_iter().filter(|(result, ..)| *result == worst).peekable();
    let code = bad.peek().map_or(Code::Ok, |(_, code, _)| *code);
    let sentences: Vec<String> = bad.map(|(.., sentence)| sentence).collect();
    let detail = sentences_of(&sentences);
    match worst {
        CheckResult::Failed => Check::failed(code, detail),
        _ => Check::unknown(code, detail),
    }
}

/// The first few of them, and how many more there are.
pub(crate) fn sentences_of(sentences: &[String]) -> String {
    let shown =
        sentences.iter().take(MOST_SENTENCES).map(String::as_str).collect::<Vec<_>>().join("; ");
    match sentences.len().saturating_sub(MOST_SENTENCES) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// RFC 5280, 4.1.2.5: from notBefore through notAfter, both seconds included.
pub(crate) fn validity(nodes: &[&Node<'_>], at: OffsetDateTime) -> Check {
    let at = at.unix_timestamp();
    let found = nodes.iter().filter_map(|node| {
        let validity = node.x509().validity();
        let (start, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
        if at > end.unix_timestamp() {
            let sentence = format!("{} expired on {}", node.label(), envelope::rfc3339(end));
            Some((CheckResult::Failed, Code::Expired, sentence))
        } else if at < start.unix_timestamp() {
            let start = envelope::rfc3339(start);
            let sentence = format!("{} is not valid before {start}", node.label());
            Some((CheckResult::Failed, Code::NotYetValid, sentence))
        } else {
            None
        }
    });
    check(found.collect(), "every certificate of the path is valid at the time of the check")
}

/// RSA of 2048 bits, elliptic curves of 256 bits and above (NIST SP 800-57 part 1, table 2: 112 bits
/// of security and more); all of FIPS 203, 204 and 205 is above that.
pub(crate) fn key_strength(nodes: &[&Node<'_>]) -> Check {
    let found = nodes.iter().filter_map(|node| {
        let (key, label) = (&node.parsed.key, node.label());
        let least = if key.kind == KeyKind::Rsa { 2048 } else { 256 };
        match key.bits {
            Some(bits) if bits >= least => None,
            Some(bits) => Some((
                CheckResult::Failed,
                Code::WeakKey,
                format!("{} key of {label} has {bits} bits, less than {least}", key.algorithm),
            )),
            None if key.is_post_quantum => None,
            None => Some((
                CheckResult::Unknown,
                Code::UnknownStrength,
                format!("the strength of the {} key of {label} is not known", key.algorithm),
            )),
        }
    });
    check(found.collect(), "every key of the path is long enough")
}

/// Whether every signature of the path, and every key that makes one, is of a kind that can be verified
/// and still counts. The last one, where it is an anchor, is not relied on for its own signature. The
/// leaf's key signs nothing here.
pub(crate) fn algorithm(nodes: &[&Node<'_>], ends_at_root: bool) -> Check {
    let mut found = Vec::new();
    for (depth, node) in nodes.iter().enumerate() {
        let label = node.label();
        let key = &node.parsed.key;
        if depth > 0 && key.kind == KeyKind::Other {
            found.push((
                CheckResult::Unknown,
                Code::UnsupportedAlgorithm,
                format!("{} (key of {label}) is not supported", key.algorithm),
            ));
        }
        if ends_at_root && depth + 1 == nodes.len() {
            continue;
        }
        let name = signature_algorithm::name(&node.x509().signature_algorithm);
        let is_obsolete = ["md2With", "md5With", "sha1With", "ecdsa-with-SHA1"]
            .iter()
            .any(|obsolete| name.starts_with(obsolete));
        match signature_algorithm::scheme(&node.x509().signature_algorithm) {
            Ok(Scheme::Pkcs1Sha1) => found.push(obsolete(&name, &label)),
            _ if is_obsolete => found.push(obsolete(&name, &label)),
            Err(name) => found.push((
                CheckResult::Unknown,
                Code::UnsupportedAlgorithm,
                format!("{name} (signature of {label}) is not supported"),
            )),
            Ok(_) => {}
        }
    }
    check(found, "every algorithm of the path is supported and still counts")
}

fn obsolete(name: &str, label: &str) -> Found {
    let sentence = format!("{name} (signature of {label}) is obsolete");
    (CheckResult::Failed, Code::ObsoleteAlgorithm, sentence)
}

/// Whether the leaf is no CA (RFC 5280, 4.2.1.9).
pub(crate) fn leaf_not_ca(leaf: &Node<'_>) -> Check {
    let label = leaf.label();
    match leaf.parsed.is_ca() {
        Some(false) => Check::ok(format!("{label} is not a CA certificate")),
        Some(true) => Check::failed(Code::IsCa, format!("{label} is a CA certificate")),
        None => Check::unknown(
            Code::MalformedExtension,
            format!("the basic constraints of {label} cannot be read"),
        ),
    }
}

/// Whether the leaf has the names that its purpose asks for: a DNS name or an IP address for a TLS
/// server (RFC 9525, 2), and an e-mail address for S/MIME (RFC 8550, 3).
pub(crate) fn names_present(leaf: &Node<'_>, purpose: Purpose) -> Check {
    let has_mail_usage = matches!(
        leaf.extension(&OID_X509_EXT_EXTENDED_KEY_USAGE),
        Some(ParsedExtension::ExtendedKeyUsage(usage)) if usage.email_protection
    );
    let server = purpose == Purpose::Server;
    let mail = purpose == Purpose::Email || has_mail_usage;
    if !server && !mail {
        return Check::not_applicable(
            Code::NotAskedFor,
            "its purpose asks for no alternative name",
        );
    }
    let names = leaf.parsed.description.names.clone().unwrap_or_default();
    let mut found = Vec::new();
    if server && names.dns.is_empty() && names.ip.is_empty() {
        // RFC 5280, 4.2.1.6: one that is named in another form may be found by it.
        let has_other = alternative_names(leaf).is_some_and(|names| !names.is_empty());
        found.push((
            if has_other { CheckResult::Unknown } else { CheckResult::Failed },
            Code::NoHostName,
            format!("{} has no DNS name or IP address among its alternative names", leaf.label()),
        ));
    }
    if mail && names.email.is_empty() {
        found.push((
            CheckResult::Failed,
            Code::NoEmailAddress,
            format!("{} has no e-mail address among its alternative names", leaf.label()),
        ));
    }
    check(found, "the leaf has the alternative names that its purpose asks for")
}
