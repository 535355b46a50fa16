use std::collections::HashSet;

use envelope::{Check, CheckResult, Code};
use time::OffsetDateTime;
use x509_parser::asn1_rs::oid;
use x509_parser::extensions::{
    AuthorityKeyIdentifier, BasicConstraints, GeneralName, ParsedExtension,
};
use x509_parser::oid_registry::{
    OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_CERTIFICATE_POLICIES, OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_EXT_INHIBIT_ANY_POLICY, OID_X509_EXT_KEY_USAGE, OID_X509_EXT_NAME_CONSTRAINTS,
    OID_X509_EXT_POLICY_CONSTRAINTS, OID_X509_EXT_POLICY_MAPPINGS, OID_X509_EXT_SUBJECT_ALT_NAME,
    Oid,
};
use x509_parser::x509::X509Version;

use super::constraints::{Constraints, Effort, Subjects, alternative_names};
use super::name::ComparableName;
use super::node::Node;
use super::purpose::Purpose;

/// One thing that is wrong with a path, or that could not be judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) result: CheckResult,
    pub(crate) code: Code,
    pub(crate) detail: String,
}

impl Finding {
    pub(crate) fn failed(code: Code, detail: impl Into<String>) -> Self {
        Self { result: CheckResult::Failed, code, detail: detail.into() }
    }

    pub(crate) fn unknown(code: Code, detail: impl Into<String>) -> Self {
        Self { result: CheckResult::Unknown, code, detail: detail.into() }
    }

    pub(crate) fn into_check(self) -> Check {
        match self.result {
            CheckResult::Failed => Check::failed(self.code, self.detail),
            _ => Check::unknown(self.code, self.detail),
        }
    }
}

/// The certificates from the leaf up to the anchor, as far as they are known.
pub(crate) struct Chain<'a> {
    /// Leaf first; the anchor's certificate last, where it is known.
    pub(crate) nodes: Vec<&'a Node<'a>>,
    /// Whether the last one is a trust anchor: that one's own signature is not relied on.
    pub(crate) ends_at_anchor: bool,
    /// Content of the name constraints that come with an anchor without a certificate.
    pub(crate) anchor_constraints: Option<&'a [u8]>,
    pub(crate) purpose: Purpose,
    pub(crate) now: OffsetDateTime,
}

/// RFC 5280, 6.1.3 to 6.1.5, but for names and signatures, which building the path has matched: the
/// worst that is found, and the first of these. The anchor is held to the rules of any CA: RFC 5280, 6.2
/// lets an implementation do so, and an anchor that has expired or was made for something else is no
/// longer what somebody trusted.
pub(crate) fn worst(chain: &Chain<'_>) -> Option<Finding> {
    let mut findings = Findings::default();
    for (depth, node) in chain.nodes.iter().enumerate() {
        findings.all(form(node));
        findings.all(validity(node, chain.now));
        findings.all(extended_usage(node, chain.purpose));
        if depth == 0 {
            findings.all(leaf(node, chain.purpose));
        } else {
            let is_anchor = chain.ends_at_anchor && depth + 1 == chain.nodes.len();
            findings.all(authority(node, is_anchor));
            findings.all(path_length(&chain.nodes, depth));
        }
    }
    if chain.ends_at_anchor && chain.nodes.len() > 1 {
        findings.all(chain.nodes.last().and_then(|anchor| identifiers(anchor)));
    }
    findings.all(name_constraints(chain));
    findings.all(policies(&chain.nodes));
    findings.0
}

/// The worst so far.
#[derive(Default)]
struct Findings(Option<Finding>);

impl Findings {
    fn all(&mut self, found: impl IntoIterator<Item = Finding>) {
        for finding in found {
            if self.0.as_ref().is_none_or(|worst| worst.result < finding.result) {
                self.0 = Some(finding);
            }
        }
    }
}

/// What any certificate must keep to: RFC 5280, 4.1.1.2, 4.1.2.4, 4.1.2.9 and 4.2.
pub(super) fn form(node: &Node<'_>) -> Vec<Finding> {
    let x509 = node.x509();
    let label = node.label();
    let mut found = Vec::new();
    if x509.signature != x509.signature_algorithm {
        found.push(Finding::failed(
            Code::AlgorithmMismatch,
            format!("{label} names one signature algorithm inside and another one outside"),
        ));
    }
    if node.issuer.is_empty() {
        found.push(Finding::failed(Code::EmptyName, format!("{label} names no issuer")));
    }
    if x509.version() != X509Version::V3 && !x509.extensions().is_empty() {
        found.push(Finding::failed(
            Code::Malformed,
            format!("{label} has extensions, which only version 3 has"),
        ));
    }
    let mut seen: HashSet<&Oid<'_>> = HashSet::new();
    for extension in x509.extensions() {
        let oid = extension.oid.to_id_string();
        if !seen.insert(&extension.oid) {
            found.push(Finding::failed(
                Code::Malformed,
                format!("{label} has the extension {oid} more than once"),
            ));
        }
        let is_processed = PROCESSED.contains(&extension.oid);
        if extension.critical && POISON == extension.oid {
            found.push(Finding::unknown(
                Code::Precertificate,
                format!(
                    "{label} is a precertificate (RFC 6962, 3.1), which no client takes; its \
                     certificate has the same TBS SHA-256"
                ),
            ));
        } else if extension.critical && !is_processed {
            found.push(Finding::failed(
                Code::UnknownCriticalExtension,
                format!("{label} has the critical extension {oid}, which is not known here"),
            ));
        }
        let is_malformed =
            matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. });
        // The names are read octet by octet elsewhere: one that x509-parser refuses need not matter.
        let is_read_elsewhere =
            [OID_X509_EXT_SUBJECT_ALT_NAME, OID_X509_EXT_NAME_CONSTRAINTS].contains(&extension.oid);
        if is_malformed && is_processed && !is_read_elsewhere {
            found.push(Finding::failed(
                Code::MalformedExtension,
                format!("the extension {oid} of {label} is malformed"),
            ));
        } else if is_malformed && !is_processed {
            found.push(Finding::unknown(
                Code::MalformedExtension,
                format!(
                    "the extension {oid} of {label} is malformed; it has no part in path validation, \
                     and some validators refuse the certificate"
                ),
            ));
        }
    }
    if alternative_names(node).is_none() {
        found.push(Finding::failed(
            Code::MalformedExtension,
            format!("the alternative names of {label} are malformed"),
        ));
    }
    found
}

/// The extension that makes a precertificate unusable (RFC 6962, 3.1).
pub(crate) const POISON: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.4.3);

/// What is processed here, so that it may be critical. Key identifiers are, and must never be critical
/// (RFC 5280, 4.2.1.1 and 4.2.1.2); OpenSSL and Go refuse them when they are.
const PROCESSED: [Oid<'static>; 9] = [
    OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_CERTIFICATE_POLICIES,
    OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_EXT_INHIBIT_ANY_POLICY,
    OID_X509_EXT_KEY_USAGE,
    OID_X509_EXT_NAME_CONSTRAINTS,
    OID_X509_EXT_POLICY_CONSTRAINTS,
    OID_X509_EXT_POLICY_MAPPINGS,
    OID_X509_EXT_SUBJECT_ALT_NAME,
];

/// RFC 5280, 4.1.2.5 and 6.1.3 a 2: from notBefore through notAfter, both seconds included.
pub(super) fn validity(node: &Node<'_>, now: OffsetDateTime) -> Option<Finding> {
    let now = now.unix_timestamp();
    let validity = node.x509().validity();
    let (start, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    if now > end.unix_timestamp() {
        return Some(Finding::failed(
            Code::Expired,
            format!("{} expired on {}", node.label(), envelope::rfc3339(end)),
        ));
    }
    (now < start.unix_timestamp()).then(|| {
        Finding::failed(
            Code::NotYetValid,
            format!("{} is not valid before {}", node.label(), envelope::rfc3339(start)),
        )
    })
}

/// RFC 5280, 4.2.1.12 for the leaf; for a CA as the CA/Browser Forum, Mozilla and all common validators
/// have it: what it restricts itself to holds for all that it issues.
pub(super) fn extended_usage(node: &Node<'_>, purpose: Purpose) -> Option<Finding> {
    match node.extension(&OID_X509_EXT_EXTENDED_KEY_USAGE)? {
        ParsedExtension::ExtendedKeyUsage(usage) if !purpose.is_allowed(usage) => {
            Some(Finding::failed(
                Code::WrongPurpose,
                format!(
                    "the extended key usage of {} does not allow it as {} certificate",
                    node.label(),
                    purpose.words()
                ),
            ))
        }
        _ => None,
    }
}

pub(super) fn leaf(node: &Node<'_>, purpose: Purpose) -> Option<Finding> {
    match node.extension(&OID_X509_EXT_KEY_USAGE)? {
        // A CA certificate as a leaf has the key usage of a CA; another check speaks about that.
        ParsedExtension::KeyUsage(usage) if !purpose.goes_with(usage) && !node.is_ca() => {
            Some(Finding::failed(
                Code::WrongKeyUsage,
                format!(
                    "the key usage of {} does not go with {} certificate",
                    node.label(),
                    purpose.words()
                ),
            ))
        }
        _ => None,
    }
}

/// RFC 5280, 6.1.4 k and n, 4.1.2.6: what makes a certificate that of a CA. A version 1 certificate has
/// no way to say so, and is one only where it was made an anchor.
pub(super) fn authority(node: &Node<'_>, is_anchor: bool) -> Vec<Finding> {
    let label = node.label();
    let mut found = Vec::new();
    if node.subject.is_empty() {
        found.push(Finding::failed(Code::EmptyName, "a CA certificate has an empty subject"));
    }
    let is_old_anchor =
        is_anchor && node.x509().version() != X509Version::V3 && node.is_self_issued();
    if !node.is_ca() && !is_old_anchor {
        found.push(Finding::failed(
            Code::NotACa,
            format!("{label} is not a CA certificate, and others of the path are issued by it"),
        ));
    }
    if let Some(ParsedExtension::KeyUsage(usage)) = node.extension(&OID_X509_EXT_KEY_USAGE)
        && !usage.key_cert_sign()
    {
        found.push(Finding::failed(
            Code::NoCertSign,
            format!("the key usage of {label} does not allow it to sign certificates"),
        ));
    }
    found
}

/// RFC 5280, 6.1.4 l and m: how many CA certificates may follow, self-issued ones not counted.
pub(super) fn path_length(nodes: &[&Node<'_>], depth: usize) -> Option<Finding> {
    let authority = nodes.get(depth)?;
    let Some(ParsedExtension::BasicConstraints(BasicConstraints {
        path_len_constraint: Some(most),
        ca: true,
    })) = authority.extension(&OID_X509_EXT_BASIC_CONSTRAINTS)
    else {
        return None;
    };
    let below = nodes.get(1..depth)?.iter().filter(|node| !node.is_self_issued()).count();
    (below > *most as usize).then(|| {
        Finding::failed(
            Code::PathTooLong,
            format!(
                "{} allows {most} CA certificates below it, and there are {below}",
                authority.label()
            ),
        )
    })
}

/// An anchor whose identifiers say that somebody else issued it, or that do not say who did, may be
/// what it was configured for; validators that want a self-signed root do not take it.
fn identifiers(anchor: &Node<'_>) -> Option<Finding> {
    let parsed = anchor.extension(&OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER).and_then(|extension| {
        match extension {
            ParsedExtension::AuthorityKeyIdentifier(identifier) => Some(identifier),
            _ => None,
        }
    });
    let is_odd = match parsed {
        None => !anchor.is_self_issued(),
        Some(identifier) => {
            let key = identifier.key_identifier.as_ref().map(|key| key.0);
            let serial = identifier.authority_cert_serial;
            anchor.is_self_issued()
                && (!anchor.may_hold(key)
                    || serial.is_some_and(|serial| serial != anchor.x509().raw_serial())
                    || names_another(identifier, anchor))
        }
    };
    is_odd.then(|| {
        Finding::unknown(
            Code::AnchorKeyIdentifier,
            format!(
                "the authority key identifier of the anchor {} does not fit the anchor",
                anchor.label()
            ),
        )
    })
}

/// Whether the issuer's own issuer, as the identifier names it, is another than the anchor's.
fn names_another(identifier: &AuthorityKeyIdentifier<'_>, anchor: &Node<'_>) -> bool {
    identifier.authority_cert_issuer.iter().flatten().any(|name| match name {
        GeneralName::DirectoryName(name) => {
            ComparableName::from_der(name.as_raw()).as_ref() != Some(&anchor.issuer)
        }
        _ => false,
    })
}

/// RFC 5280, 6.1.3 b and c: the constraints of each CA hold for all below it, but for self-issued
/// certificates that are not the leaf. RFC 5280, 4.2.1.10: only a CA certificate has them.
pub(super) fn name_constraints(chain: &Chain<'_>) -> Option<Finding> {
    let mut effort = Effort::default();
    let mut above: Vec<Constraints<'_>> = Vec::new();
    if let Some(content) = chain.anchor_constraints {
        match Constraints::from_content(content) {
            Some(constraints) => above.push(constraints),
            None => {
                return Some(Finding::unknown(
                    Code::MalformedExtension,
                    "the name constraints of the anchor cannot be read",
                ));
            }
        }
    }
    for (depth, node) in chain.nodes.iter().enumerate().rev() {
        let is_leaf = depth == 0;
        if !above.is_empty() && (is_leaf || !node.is_self_issued()) {
            let Some(subjects) = Subjects::of(node, is_leaf) else { continue };
            let label = node.label();
            let finding = above
                .iter()
                .find_map(|constraints| constraints.check(&subjects, &label, &mut effort));
            if finding.is_some() {
                return finding;
            }
        }
        match Constraints::of(node) {
            Ok(Some(_)) if is_leaf && !node.is_ca() => {
                return Some(Finding::unknown(
                    Code::MisplacedExtension,
                    format!(
                        "{} has name constraints, which only a CA certificate has",
                        node.label()
                    ),
                ));
            }
            Ok(constraints) => above.extend(constraints),
            Err(finding) => return Some(finding),
        }
    }
    None
}

/// RFC 5280, 6.1.3 d to 6.1.5 g with any policy acceptable: policies matter only where a CA requires an
/// explicit one. Then one and the same policy must run through the path. With mappings it is not judged.
fn policies(nodes: &[&Node<'_>]) -> Option<Finding> {
    let length = nodes.len();
    let mut explicit = length + 1;
    let mut inhibit_any = length + 1;
    let mut common: Option<HashSet<String>> = None;
    let mut is_mapped = false;
    for (depth, node) in nodes.iter().enumerate().rev() {
        // The anchor's own policies are no part of the path (RFC 5280, 6.1).
        if depth + 1 < length || length == 1 {
            narrow(&mut common, node, inhibit_any > 0 || node.is_self_issued());
        }
        if depth == 0 {
            break;
        }
        is_mapped |= node.extension(&OID_X509_EXT_POLICY_MAPPINGS).is_some();
        if !node.is_self_issued() {
            explicit = explicit.saturating_sub(1);
            inhibit_any = inhibit_any.saturating_sub(1);
        }
        if let Some(ParsedExtension::PolicyConstraints(constraints)) =
            node.extension(&OID_X509_EXT_POLICY_CONSTRAINTS)
            && let Some(skip) = constraints.require_explicit_policy
        {
            explicit = explicit.min(skip as usize);
        }
        if let Some(ParsedExtension::InhibitAnyPolicy(inhibit)) =
            node.extension(&OID_X509_EXT_INHIBIT_ANY_POLICY)
        {
            inhibit_any = inhibit_any.min(inhibit.skip_certs as usize);
        }
    }
    let leaf = nodes.first()?;
    // RFC 5280, 6.1.5 a: the leaf counts as well.
    if explicit.saturating_sub(1) > 0 && !leaf_requires(leaf) {
        return None;
    }
    if is_mapped {
        return Some(Finding::unknown(
            Code::PolicyMappings,
            "a CA requires an explicit policy and another maps policies, which is not judged here",
        ));
    }
    common.is_some_and(|policies| policies.is_empty()).then(|| {
        Finding::failed(
            Code::NoCommonPolicy,
            "a CA requires an explicit policy, and no policy runs through the path",
        )
    })
}

/// RFC 5280, 6.1.5 b.
fn leaf_requires(leaf: &Node<'_>) -> bool {
    matches!(
        leaf.extension(&OID_X509_EXT_POLICY_CONSTRAINTS),
        Some(ParsedExtension::PolicyConstraints(constraints))
            if constraints.require_explicit_policy == Some(0)
    )
}

/// `None` stands for any policy.
fn narrow(common: &mut Option<HashSet<String>>, node: &Node<'_>, allows_any: bool) {
    const ANY: &str = "2.5.29.32.0";
    let own: HashSet<String> = match node.extension(&OID_X509_EXT_CERTIFICATE_POLICIES) {
        Some(ParsedExtension::CertificatePolicies(policies)) => {
            policies.iter().map(|policy| policy.policy_id.to_id_string()).collect()
        }
        _ => HashSet::new(),
    };
    if allows_any && own.contains(ANY) {
        return;
    }
    *common = Some(match common.take() {
        None => own.into_iter().filter(|policy| policy != ANY).collect(),
        Some(common) => common.intersection(&own).cloned().collect(),
    });
}
