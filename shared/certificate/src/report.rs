use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use envelope::Certificate;
use envelope::{Check, Checks, Code, Verdict};
use time::OffsetDateTime;

use crate::encode_pem;
use crate::on_path::{self, sentences_of};
use crate::path::anchors::{Anchor, TrustAnchors};
use crate::path::host::names_match;
use crate::path::leaf::leaf;
use crate::path::lifetime::lifetime;
use crate::path::node::Node;
use crate::path::opinion::{Opinion, opinion};
use crate::path::purpose::Purpose;
use crate::path::search::{End, Path, Search, is_trusted, shorten};
use crate::pem::{self, NotACertificate};
use crate::{redact_text, transparency};

/// What is asked about a bundle.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub anchors: &'a TrustAnchors,
    /// `None`: by the leaf's extended key usage.
    pub purpose: Option<Purpose>,
    /// DNS names, IP addresses and mailboxes that the leaf is to cover; none: not compared.
    pub names: &'a [String],
    /// The time for which the path is to be valid.
    pub at: OffsetDateTime,
}

/// The certificates of a bundle that make up its path, and what is to be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Leaf first, then its issuers as far as the path goes and they came.
    pub certificates: Vec<Certificate>,
    /// The same in the same order, PEM with LF; nothing else of the input is in it.
    pub pem_chain: String,
    pub verdict: Verdict,
    pub checks: Checks,
    /// A sentence for each certificate block that could not be read.
    pub unreadable: Vec<String>,
    /// Every certificate is that of a CA: the one that the bundle should be about is not there.
    pub is_leaf_missing: bool,
    /// How the path ends, for people.
    pub end: PathEnd,
}

impl Report {
    /// Whether everything could be read, and the leaf is among it.
    pub fn is_whole(&self) -> bool {
        self.unreadable.is_empty() && !self.is_leaf_missing
    }
}

/// Where a path ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PathEnd {
    /// At a trust anchor: its name, and whether its certificate is the last of the chain.
    Anchor {
        name: String,
        is_included: bool,
    },
    SelfSigned,
    IssuerMissing,
}

/// Reads the answer of a CA, or a chain that came with an event: any number of PEM certificates in any
/// order, with text and other blocks around them; finds the leaf and its best path, and checks it. What
/// cannot be read does not take the rest with it.
///
/// # Errors
/// Why there is nothing to deliver: no certificate block, none that can be read, or a text that
/// breaks off, which alone is worth another try.
pub fn validate(bytes: &[u8], question: &Question<'_>) -> Result<Report, NotACertificate> {
    // Nearly all of them are text, which is found faster than what is to be replaced.
    let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let blocks = pem::blocks(&text)?;
    let bundle = Bundle::read(&blocks)?;
    let Some(leaf) = leaf(&bundle.nodes) else {
        return Err(NotACertificate::NoBlock { found: Vec::new() });
    };
    Ok(report(&bundle, leaf, &redact_text::labels(&text), question))
}

/// The distinct certificates that could be read.
struct Bundle<'a> {
    nodes: Vec<Node<'a>>,
    /// Label and count of what came more than once.
    repeated: Vec<(String, usize)>,
    unreadable: Vec<String>,
}

impl<'a> Bundle<'a> {
    fn read(blocks: &'a [Result<Vec<u8>, NotACertificate>]) -> Result<Self, NotACertificate> {
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut errors = Vec::new();
        for (position, block) in blocks.iter().enumerate() {
            let der = match block {
                Ok(der) => der,
                Err(error) => {
                    errors.push(error.clone());
                    continue;
                }
            };
            if let Some(count) = places.get(der.as_slice()).and_then(|place| counts.get_mut(*place))
            {
                *count += 1;
                continue;
            }
            match Node::read(der) {
                Some(node) => {
                    places.insert(der, nodes.len());
                    counts.push(1);
                    nodes.push(node);
                }
                None => errors.push(NotACertificate::NotX509 { block: position + 1 }),
            }
        }
        if nodes.is_empty() {
            return Err(errors
                .into_iter()
                .next()
                .unwrap_or(NotACertificate::NoBlock { found: Vec::new() }));
        }
        let repeated = nodes.iter().zip(counts).filter(|(_, count)| *count > 1);
        let repeated = repeated.map(|(node, count)| (node.label(), count)).collect();
        let unreadable = errors.iter().map(NotACertificate::to_string).collect();
        Ok(Self { nodes, repeated, unreadable })
    }
}

fn report(
    bundle: &Bundle<'_>,
    leaf: usize,
    private_keys: &[String],
    question: &Question<'_>,
) -> Report {
    let nodes = &bundle.nodes;
    let Some(leaf_node) = nodes.get(leaf) else { return empty() };
    let purpose = question.purpose.unwrap_or_else(|| Purpose::of(leaf_node));
    let path = Search::new(nodes, question.anchors, purpose, question.at).run(leaf);
    let anchor = match path.end {
        End::Anchor(position) => question.anchors.anchors.get(position),
        _ => None,
    };
    let listed = listed(nodes, &path, anchor, question.at);
    let is_anchor_listed = path.has_anchor || listed.len() > path.positions.len();
    let chain: Vec<&Node<'_>> = listed.iter().filter_map(|position| nodes.get(*position)).collect();
    let certificate = anchor.filter(|_| !is_anchor_listed).and_then(Anchor::certificate);
    let on_path: Vec<&Node<'_>> = chain.iter().copied().map(shorten).chain(&certificate).collect();
    let ends_at_root = is_anchor_listed || certificate.is_some();
    let is_public = purpose == Purpose::Server
        && matches!(path.end, End::Anchor(position) if question.anchors.is_mozillas(position));
    let label = leaf_node.label();
    let checks = Checks {
        path: path_check(nodes, &path, anchor, purpose, question),
        trust: trust_check(&path, &chain, anchor, purpose, question.anchors),
        names_match: names_match(
            leaf_node.parsed.description.names.as_ref(),
            question.names,
            &label,
        ),
        confirmed: Check::not_applicable(
            Code::NotCompared,
            "it was not compared with what the provider says",
        ),
        lifetime: lifetime(leaf_node, is_public),
        ct: transparency::ct(leaf_node, is_public),
        order: order_check(bundle, &listed),
        signatures: signatures_check(&path),
        validity: on_path::validity(&on_path, question.at),
        key_strength: on_path::key_strength(&on_path),
        leaf_not_ca: on_path::leaf_not_ca(leaf_node),
        names_present: on_path::names_present(leaf_node, purpose),
        duplicates: duplicates_check(&bundle.repeated),
        private_key: private_key_check(private_keys),
        algorithm: on_path::algorithm(&on_path, ends_at_root),
    };
    Report {
        certificates: chain.iter().map(|node| node.parsed.description.clone()).collect(),
        pem_chain: chain.iter().map(|node| encode_pem("CERTIFICATE", node.parsed.der)).collect(),
        verdict: checks.verdict(),
        checks,
        unreadable: bundle.unreadable.clone(),
        is_leaf_missing: nodes.iter().all(Node::is_ca),
        end: path_end(&path, anchor, is_anchor_listed),
    }
}

fn empty() -> Report {
    Report {
        certificates: Vec::new(),
        pem_chain: String::new(),
        verdict: Verdict::Unchecked,
        checks: Checks::default(),
        unreadable: Vec::new(),
        is_leaf_missing: true,
        end: PathEnd::IssuerMissing,
    }
}

/// Positions of the path, with the anchor's own certificate where it came along and is valid. An expired
/// edition of a root is no part of a path that the anchor's key makes valid without it.
fn listed(
    nodes: &[Node<'_>],
    path: &Path,
    anchor: Option<&Anchor>,
    at: OffsetDateTime,
) -> Vec<usize> {
    let mut listed = path.positions.clone();
    if let Some(anchor) = anchor.filter(|_| !path.has_anchor) {
        let at = at.unix_timestamp();
        let root = nodes.iter().position(|node| {
            let validity = node.x509().validity();
            node.is_self_issued()
                && node.subject == anchor.name
                && node.spki() == anchor.spki
                && (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&at)
        });
        listed.extend(root.filter(|root| !path.positions.contains(root)));
    }
    listed
}

fn path_end(path: &Path, anchor: Option<&Anchor>, is_included: bool) -> PathEnd {
    match (path.end, anchor) {
        (End::Anchor(_), Some(anchor)) => {
            PathEnd::Anchor { name: anchor.display_name(), is_included }
        }
        (End::SelfSigned, _) => PathEnd::SelfSigned,
        _ => PathEnd::IssuerMissing,
    }
}

fn path_check(
    nodes: &[Node<'_>],
    path: &Path,
    anchor: Option<&Anchor>,
    purpose: Purpose,
    question: &Question<'_>,
) -> Check {
    if let Some(finding) = &path.finding {
        return finding.clone().into_check();
    }
    let words = purpose.words();
    let chain: Vec<&Node<'_>> =
        path.positions.iter().filter_map(|position| nodes.get(*position)).collect();
    let anchor = anchor.filter(|_| !path.has_anchor);
    match opinion(&chain, anchor, purpose, question.at) {
        Opinion::Invalid(reason) => Check::unknown(
            Code::Disputed,
            format!(
                "the path is valid by RFC 5280 as it is read here; rustls-webpki refuses it: {reason}"
            ),
        ),
        Opinion::Valid | Opinion::Abstains => {
            Check::ok(format!("the path is valid by RFC 5280 for {words} certificate"))
        }
    }
}

fn trust_check(
    path: &Path,
    chain: &[&Node<'_>],
    anchor: Option<&Anchor>,
    purpose: Purpose,
    anchors: &TrustAnchors,
) -> Check {
    let known = anchors.description();
    let no_anchors = || {
        Check::unknown(
            Code::NoAnchorsForPurpose,
            format!(
                "Mozilla's list speaks for TLS servers only, and no configured anchor fits {} \
                 certificate ({known})",
                purpose.words()
            ),
        )
    };
    if path.is_exhausted && !is_trusted(anchors, path.end, purpose) {
        return Check::unknown(
            Code::BudgetExhausted,
            format!("not every path was looked at, and none of those ends at an anchor ({known})"),
        );
    }
    match (path.end, anchor) {
        (End::Anchor(_), Some(anchor)) if is_trusted(anchors, path.end, purpose) => {
            let name = anchor.display_name();
            let source = if anchor.source.is_mozilla() {
                "one of Mozilla's roots"
            } else {
                "a configured anchor"
            };
            Check::ok(format!("the path ends at {name}, {source} ({known})"))
        }
        (End::Anchor(_), _) => no_anchors(),
        (End::SelfSigned, _) if purpose != Purpose::Server && anchors.has_mozilla => no_anchors(),
        (End::SelfSigned, _) => {
            let label = chain.last().map(|root| root.label()).unwrap_or_default();
            Check::failed(
                Code::UntrustedRoot,
                format!("the path ends at {label}, which is not a trust anchor ({known})"),
            )
        }
        (End::Missing, _) => {
            Check::unknown(Code::IssuerMissing, format!("the path reaches no anchor ({known})"))
        }
    }
}

/// What was put right, and what of it does not belong to the path.
fn order_check(bundle: &Bundle<'_>, listed: &[usize]) -> Check {
    let on_path: HashSet<usize> = listed.iter().copied().collect();
    let extra: Vec<String> = bundle
        .nodes
        .iter()
        .enumerate()
        .filter(|(position, _)| !on_path.contains(position))
        .map(|(_, node)| node.label())
        .collect();
    let is_reordered = !listed.is_sorted();
    let mut sentences = Vec::new();
    if is_reordered {
        sentences.push(
            "the certificates came in another order; they are delivered leaf first".to_owned(),
        );
    }
    if !extra.is_empty() {
        let shown = extra.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        let shown = if extra.len() > 3 { format!("{shown}, …") } else { shown };
        sentences.push(match extra.len() {
            1 => format!("1 certificate is no part of the path: {shown}"),
            more => format!("{more} certificates are no part of the path: {shown}"),
        });
    }
    sentences.extend(bundle.unreadable.iter().cloned());
    if sentences.is_empty() {
        return Check::ok("the certificates came leaf first, each followed by its issuer");
    }
    let code = match (bundle.unreadable.is_empty(), is_reordered) {
        (false, _) => Code::UnreadableBlocks,
        (true, true) => Code::Reordered,
        (true, false) => Code::ExtraCertificates,
    };
    Check::ok_with(code, sentences_of(&sentences))
}

fn signatures_check(path: &Path) -> Check {
    match &path.signatures {
        Some(finding) => finding.clone().into_check(),
        None if path.positions.len() == 1 && path.end == End::Missing => Check::not_applicable(
            Code::IssuerMissing,
            "the issuer is not there, so there is no signature to verify",
        ),
        None => Check::ok("each certificate of the path is signed by the next one"),
    }
}

fn duplicates_check(repeated: &[(String, usize)]) -> Check {
    if repeated.is_empty() {
        return Check::ok("every certificate came once");
    }
    let sentences: Vec<String> =
        repeated.iter().map(|(label, count)| format!("{label} came {count} times")).collect();
    Check::ok_with(Code::Repeated, sentences_of(&sentences))
}

fn private_key_check(labels: &[String]) -> Check {
    if labels.is_empty() {
        return Check::ok("no private key came along");
    }
    let sentences: Vec<String> = labels
        .iter()
        .map(|label| format!("a private key came along and was removed ({label})"))
        .collect();
    Check::failed(Code::PrivateKey, sentences_of(&sentences))
}
