use super::name::ComparableName;
use super::node::Node;
use super::rules::Finding;
use crate::der::{self, Element, OID, SEQUENCE};
use crate::{alternative_names, distinguished_name};
use envelope::Code;
use x509_parser::oid_registry::{OID_X509_EXT_NAME_CONSTRAINTS, OID_X509_EXT_SUBJECT_ALT_NAME};

/// Comparisons of a name with a constraint that one check makes: more than any real path needs, and
/// done in milliseconds. Hostile certificates multiply the two.
const MOST_COMPARISONS: usize = 50_000;

/// Tags of `GeneralName` (RFC 5280, 4.2.1.6), class and form included.
const OTHER: u8 = 0xA0;
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const DIRECTORY: u8 = 0xA4;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The name constraints of one certificate or anchor.
pub(crate) struct Constraints<'a> {
    permitted: Vec<Element<'a>>,
    excluded: Vec<Element<'a>>,
}

/// The names of one certificate that constraints speak about.
pub(crate) struct Subjects<'a> {
    names: Vec<(u8, Vec<u8>)>,
    directory: &'a ComparableName,
}

/// How much comparing is left to do.
pub(crate) struct Effort(usize);

impl Default for Effort {
    fn default() -> Self {
        Self(MOST_COMPARISONS)
    }
}

enum Match {
    Yes,
    No,
    /// The name or the constraint is not what its type says.
    Malformed,
    /// A form that is not compared here.
    Unsupported,
}

impl<'a> Constraints<'a> {
    /// Those of a CA certificate: `Ok(None)` without the extension.
    pub(crate) fn of(node: &'a Node<'_>) -> Result<Option<Self>, Finding> {
        let malformed = || {
            Finding::failed(
                Code::MalformedExtension,
                format!("the name constraints of {} are malformed", node.label()),
            )
        };
        match node.x509().get_extension_unique(&OID_X509_EXT_NAME_CONSTRAINTS) {
            Ok(None) => Ok(None),
            Ok(Some(extension)) => der::content(extension.value, SEQUENCE)
                .and_then(Self::from_content)
                .map(Some)
                .ok_or_else(malformed),
            Err(_) => Err(malformed()),
        }
    }

    /// From the content of a `NameConstraints`. An empty one, or an empty list in it, is malformed (RFC
    /// 5280, 4.2.1.10); `minimum` and `maximum` are to be left out (same place), and are not known here.
    pub(crate) fn from_content(content: &'a [u8]) -> Option<Self> {
        let mut constraints = Self { permitted: Vec::new(), excluded: Vec::new() };
        let lists = der::elements(content)?;
        if lists.is_empty() {
            return None;
        }
        for list in lists {
            let bases = bases(list.content)?;
            match list.tag {
                0xA0 => constraints.permitted = bases,
                0xA1 => constraints.excluded = bases,
                _ => return None,
            }
        }
        Some(constraints)
    }

    /// RFC 5280, 6.1.3 b and c: every name within the permitted subtrees of its type, none within an
    /// excluded one.
    pub(crate) fn check(
        &self,
        subjects: &Subjects<'_>,
        label: &str,
        effort: &mut Effort,
    ) -> Option<Finding> {
        if subjects.directory.is_empty() {
            return self.check_names(subjects, label, effort);
        }
        let directory = (DIRECTORY, Vec::new());
        self.check_name(&directory, subjects, label, effort)
            .or_else(|| self.check_names(subjects, label, effort))
    }

    fn check_names(
        &self,
        subjects: &Subjects<'_>,
        label: &str,
        effort: &mut Effort,
    ) -> Option<Finding> {
        subjects.names.iter().find_map(|name| self.check_name(name, subjects, label, effort))
    }

    fn check_name(
        &self,
        name: &(u8, Vec<u8>),
        subjects: &Subjects<'_>,
        label: &str,
        effort: &mut Effort,
    ) -> Option<Finding> {
        let mut compare = |base: &Element<'_>, excluded: bool| {
            effort.0 = effort.0.checked_sub(1)?;
            Some(matches(name, base, subjects, excluded))
        };
        let exhausted = || {
            Finding::unknown(
                Code::BudgetExhausted,
                format!("{label} has too many names for the name constraints above it"),
            )
        };
        let broken = |result: &Match| match result {
            Match::Malformed => Some(Finding::failed(
                Code::MalformedName,
                format!("a name of {label}, or a name constraint for it, is malformed"),
            )),
            Match::Unsupported => Some(Finding::unknown(
                Code::UnsupportedConstraint,
                format!("{label} has a name of a form whose constraints are not supported"),
            )),
            Match::Yes | Match::No => None,
        };
        for base in self.excluded.iter().filter(|base| base.tag == name.0) {
            let Some(result) = compare(base, true) else { return Some(exhausted()) };
            if matches!(result, Match::Yes) {
                return Some(Finding::failed(
                    Code::NameExcluded,
                    format!("a name of {label} is excluded by the name constraints above it"),
                ));
            }
            if let Some(finding) = broken(&result) {
                return Some(finding);
            }
        }
        let mut is_constrained = false;
        for base in self.permitted.iter().filter(|base| base.tag == name.0) {
            is_constrained = true;
            let Some(result) = compare(base, false) else { return Some(exhausted()) };
            if matches!(result, Match::Yes) {
                return None;
            }
            if let Some(finding) = broken(&result) {
                return Some(finding);
            }
        }
        is_constrained.then(|| {
            Finding::failed(
                Code::NameNotPermitted,
                format!("a name of {label} is not permitted by the name constraints above it"),
            )
        })
    }
}

/// The base of each subtree; `None` for an empty list or a subtree with more than its base.
fn bases(content: &[u8]) -> Option<Vec<Element<'_>>> {
    let subtrees = der::elements(content)?;
    if subtrees.is_empty() {
        return None;
    }
    subtrees.into_iter().map(base).collect()
}

fn base(subtree: Element<'_>) -> Option<Element<'_>> {
    match der::elements(subtree.content)?.as_slice() {
        [base] if subtree.tag == SEQUENCE => Some(*base),
        _ => None,
    }
}

impl<'a> Subjects<'a> {
    /// Subject and alternative names; `None` when the latter cannot be parsed. As RFC 5280, 4.2.1.10 has
    /// it, an address in the subject counts where there is none among the alternative names. A common
    /// name that looks like a host name counts for a leaf without a DNS name, as OpenSSL does it.
    pub(crate) fn of(node: &'a Node<'_>, is_leaf: bool) -> Option<Self> {
        let mut names = alternative_names(node)?;
        let has = |names: &[(u8, Vec<u8>)], tag: u8| names.iter().any(|(other, _)| *other == tag);
        if !has(&names, EMAIL) {
            let addresses = node.x509().subject().iter_email();
            let addresses: Vec<_> = addresses
                .map(|email| (EMAIL, distinguished_name::value(email.attr_value()).into_bytes()))
                .collect();
            names.extend(addresses);
        }
        if is_leaf && !has(&names, DNS) {
            let common = node.x509().subject().iter_common_name();
            let hosts: Vec<_> = common
                .map(|name| distinguished_name::value(name.attr_value()))
                .filter(|name| looks_like_host(name))
                .map(|name| (DNS, name.into_bytes()))
                .collect();
            names.extend(hosts);
        }
        Some(Self { names, directory: &node.subject })
    }
}

/// Tag and content of each alternative name; a SmtpUTF8Mailbox counts as an e-mail address (RFC 9598, 6).
pub(crate) fn alternative_names(node: &Node<'_>) -> Option<Vec<(u8, Vec<u8>)>> {
    let Some(extension) = node.x509().get_extension_unique(&OID_X509_EXT_SUBJECT_ALT_NAME).ok()?
    else {
        return Some(Vec::new());
    };
    let names = der::elements(der::content(extension.value, SEQUENCE)?)?;
    let name = |name: Element<'_>| match alternative_names::smtp_utf8_mailbox(name.content) {
        Some(mailbox) if name.tag == OTHER => (EMAIL, mailbox.into_bytes()),
        _ => (name.tag, name.content.to_vec()),
    };
    (!names.is_empty()).then(|| names.into_iter().map(name).collect())
}

fn matches(name: &(u8, Vec<u8>), base: &Element<'_>, own: &Subjects<'_>, excluded: bool) -> Match {
    match name.0 {
        DIRECTORY => directory(&name.1, base, own),
        IP => address(&name.1, base.content),
        OTHER => other(&name.1, base.content),
        EMAIL | DNS | URI => {
            let (Ok(text), Ok(base)) = (str::from_utf8(&name.1), str::from_utf8(base.content))
            else {
                return Match::Malformed;
            };
            match name.0 {
                EMAIL => email(text, base),
                DNS => dns(text, base, excluded),
                _ => uri(text, base),
            }
        }
        _ => Match::Unsupported,
    }
}

fn either(is_match: bool) -> Match {
    if is_match { Match::Yes } else { Match::No }
}

/// An empty content stands for the subject itself, else it is a directory name among the alternatives.
fn directory(content: &[u8], base: &Element<'_>, own: &Subjects<'_>) -> Match {
    let Some(base) = ComparableName::from_der(base.content) else { return Match::Malformed };
    if content.is_empty() {
        return either(own.directory.is_within(&base));
    }
    match ComparableName::from_der(content) {
        Some(name) => either(name.is_within(&base)),
        None => Match::Malformed,
    }
}

/// RFC 5280, 4.2.1.10: address and mask in the style of RFC 4632. Another address family is no match.
fn address(name: &[u8], base: &[u8]) -> Match {
    if !matches!(name.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Match::Malformed;
    }
    let (network, mask) = base.split_at(base.len() / 2);
    let bits: String = mask.iter().map(|octet| format!("{octet:08b}")).collect();
    if bits.contains("01") {
        return Match::Malformed;
    }
    let is_within = network.len() == name.len()
        && name.iter().zip(network).zip(mask).all(|((a, b), mask)| a & mask == b & mask);
    either(is_within)
}

/// A name of another type than the constraint's is not constrained by it.
fn other(name: &[u8], base: &[u8]) -> Match {
    let kind = |content| der::elements(content)?.first().map(|id| (id.tag == OID, id.content));
    match (kind(name), kind(base)) {
        (Some((true, name)), Some((true, base))) if name != base => Match::No,
        _ => Match::Unsupported,
    }
}

/// RFC 5280, 4.2.1.10: any labels may be added on the left. A leading full stop, which is not allowed
/// there and is common, asks for at least one. A wildcard name stands for every name that it matches: all
/// of them must be permitted, and none may be excluded.
fn dns(name: &str, base: &str, excluded: bool) -> Match {
    let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
    let (is_wildcard, plain) = match name.strip_prefix("*.") {
        Some(plain) => (true, plain),
        None => (false, name.as_str()),
    };
    let host = base.strip_prefix('.').unwrap_or(&base);
    if !is_host(plain) || !(base.is_empty() || is_host(host)) {
        return Match::Malformed;
    }
    let below = |name: &str| name.strip_suffix(host).is_some_and(|rest| rest.ends_with('.'));
    let is_within = base.is_empty() || below(&name) || (plain == base && !name.starts_with('.'));
    // `*.example.com` matches `foo.example.com`, and with it what the base is.
    let reaches = is_wildcard
        && host.split_once('.').is_some_and(|(_, parent)| parent == plain)
        && !base.starts_with('.');
    either(is_within || (excluded && reaches))
}

/// RFC 5280, 4.2.1.10: a mailbox, all mailboxes of a host, or of all hosts below a domain.
fn email(name: &str, base: &str) -> Match {
    let Some((local, host)) = mailbox(name) else { return Match::Malformed };
    if base.contains('@') {
        return match mailbox(base) {
            Some((base_local, base_host)) => {
                either(local == base_local && host.eq_ignore_ascii_case(base_host))
            }
            None => Match::Malformed,
        };
    }
    host_or_domain(host, base)
}

fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (local, host) = text.rsplit_once('@')?;
    let is_quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    let is_whole = !local.is_empty() && (is_quoted || !local.contains('@'));
    (is_whole && is_host(&host.to_ascii_lowercase())).then_some((local, host))
}

/// RFC 5280, 4.2.1.10: only the host counts, and a URI without a host that is a domain name is refused.
fn uri(name: &str, base: &str) -> Match {
    let Some((_, rest)) = name.split_once("://") else { return Match::Malformed };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let is_address = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_address || !is_host(&host) {
        return Match::Malformed;
    }
    host_or_domain(&host, base)
}

fn host_or_domain(host: &str, base: &str) -> Match {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    let domain = base.strip_prefix('.');
    if !base.is_empty() && !is_host(domain.unwrap_or(&base)) {
        return Match::Malformed;
    }
    either(match domain {
        Some(_) => host.len() > base.len() && host.ends_with(&base),
        None => base.is_empty() || host == base,
    })
}

/// Labels of letters, digits, hyphens and (for the sake of what is there) underscores, in lower case or
/// not; internationalised mailboxes have letters of other scripts.
fn is_host(host: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    host.len() <= 253
        && host
            .split('.')
            .all(|label| (1..=63).contains(&label.len()) && label.chars().all(is_letter))
}

/// OpenSSL's rule: at least two labels of letters, digits and inner hyphens.
fn looks_like_host(name: &str) -> bool {
    name.is_ascii()
        && name.contains('.')
        && is_host(name)
        && name.split('.').all(|label| !label.starts_with('-') && !label.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(result: &Match) -> &'static str {
        match result {
            Match::Yes => "yes",
            Match::No => "no",
            Match::Malformed => "malformed",
            Match::Unsupported => "unsupported",
        }
    }

    #[test]
    fn dns_names() {
        let cases = [
            ("example.com", "example.com", "yes", "yes"),
            ("WWW.Example.com", "example.COM", "yes", "yes"),
            ("badexample.com", "example.com", "no", "no"),
            ("example.com", ".example.com", "no", "no"),
            ("www.example.com", ".example.com", "yes", "yes"),
            ("example.com", "", "yes", "yes"),
            ("*.example.com", "example.com", "yes", "yes"),
            ("*.example.com", ".example.com", "yes", "yes"),
            ("*.example.com", "www.example.com", "no", "yes"),
            ("*.example.com", "a.www.example.com", "no", "no"),
            ("*.example.com", "example.org", "no", "no"),
            (".example.com", "example.com", "malformed", "malformed"),
            ("a..example.com", "example.com", "malformed", "malformed"),
            ("example.com", "*.example.com", "malformed", "malformed"),
        ];
        for (name, base, permitted, excluded) in cases {
            assert_eq!(is(&dns(name, base, false)), permitted, "{name} in {base}");
            assert_eq!(is(&dns(name, base, true)), excluded, "{name} out of {base}");
        }
    }

    #[test]
    fn mailboxes() {
        let cases = [
            ("a@example.com", "a@example.com", "yes"),
            ("a@EXAMPLE.com", "a@example.com", "yes"),
            ("A@example.com", "a@example.com", "no"),
            ("a@example.com", "example.com", "yes"),
            ("a@www.example.com", "example.com", "no"),
            ("a@www.example.com", ".example.com", "yes"),
            ("a@example.com", ".example.com", "no"),
            ("dörte@example.com", "example.com", "yes"),
            ("\"a@b\"@example.com", "example.com", "yes"),
            ("a@b@example.com", "example.com", "malformed"),
            ("example.com", "example.com", "malformed"),
            ("a@example.com", "a@b@example.com", "malformed"),
        ];
        for (name, base, expected) in cases {
            assert_eq!(is(&email(name, base)), expected, "{name} in {base}");
        }
    }

    #[test]
    fn hosts_of_uris() {
        let cases = [
            ("https://www.example.com/a?b#c", "www.example.com", "yes"),
            ("https://user@www.example.com:8443/", ".example.com", "yes"),
            ("https://www.example.com/", "example.com", "no"),
            ("https://evil.org/www.example.com", ".example.com", "no"),
            ("https://192.0.2.1/", "example.com", "malformed"),
            ("urn:a:b", "example.com", "malformed"),
        ];
        for (name, base, expected) in cases {
            assert_eq!(is(&uri(name, base)), expected, "{name} in {base}");
        }
    }

    #[test]
    fn addresses() {
        let net = [192, 0, 2, 0, 255, 255, 255, 0];
        assert_eq!(is(&address(&[192, 0, 2, 7], &net)), "yes");
        assert_eq!(is(&address(&[192, 0, 3, 7], &net)), "no");
        assert_eq!(is(&address(&[0; 16], &net)), "no");
        assert_eq!(is(&address(&[192, 0, 2], &net)), "malformed");
        assert_eq!(is(&address(&[192, 0, 2, 7], &[192, 0, 2, 0, 255, 0, 255, 0])), "malformed");
    }
}
