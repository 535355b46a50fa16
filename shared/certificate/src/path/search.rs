use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use envelope::{CheckResult, Code};
use time::OffsetDateTime;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::anchors::{Anchor, TrustAnchors};
use super::known_links::Link;
use super::name::ComparableName;
use super::node::Node;
use super::purpose::Purpose;
use super::rules::{self, Chain, Finding};
use crate::key::{self, Key};
use crate::signature::{self, SignatureResult};

/// What a search may cost. A usual bundle takes three signatures and five steps; a hostile one is given
/// up on, and its path is `unknown`.
const MOST_SIGNATURES: usize = 128;
const MOST_STEPS: usize = 2_000;
const MOST_PATHS: usize = 64;
/// As many certificates as OpenSSL takes.
const MOST_DEPTH: usize = 100;

/// Where a path ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// No issuer of the last certificate is there.
    Missing,
    /// The last certificate is self-signed, and not a trust anchor.
    SelfSigned,
    /// The last certificate is issued by this anchor, or is it.
    Anchor(usize),
}

/// A path of a leaf, with what the rules say of it.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// Positions in the bundle, leaf first.
    pub(crate) positions: Vec<usize>,
    pub(crate) end: End,
    /// Whether the last certificate of `positions` is the anchor itself.
    pub(crate) has_anchor: bool,
    /// What is wrong with it, and nothing when it is valid.
    pub(crate) finding: Option<Finding>,
    /// What is wrong with its signatures, or could not be verified.
    pub(crate) signatures: Option<Finding>,
    /// Whether the search was given up before it found a valid path to a trusted anchor.
    pub(crate) is_exhausted: bool,
}

/// Builds paths as RFC 4158 has it: from the leaf, each certificate that can be the issuer by name, first
/// those that look right; the next one where a branch leads nowhere.
pub(crate) struct Search<'a> {
    nodes: &'a [Node<'a>],
    anchors: &'a TrustAnchors,
    purpose: Purpose,
    now: OffsetDateTime,
    by_subject: HashMap<&'a ComparableName, Vec<usize>>,
    /// Each public key once, so that reissued certificates of one key cost one signature.
    keys: HashMap<&'a [u8], usize>,
    verified: HashMap<(usize, usize), SignatureResult>,
    signatures: usize,
    steps: usize,
    paths: usize,
    is_too_deep: bool,
    best: Option<Path>,
}

/// Whoever may have issued a certificate.
struct Candidate<'a> {
    kind: CandidateKind,
    spki: &'a [u8],
    /// Better ones come first.
    rank: (bool, bool, bool),
}

#[derive(Clone, Copy)]
enum CandidateKind {
    Anchor(usize),
    Node(usize),
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        nodes: &'a [Node<'a>],
        anchors: &'a TrustAnchors,
        purpose: Purpose,
        now: OffsetDateTime,
    ) -> Self {
        let mut by_subject: HashMap<&ComparableName, Vec<usize>> = HashMap::new();
        for (position, node) in nodes.iter().enumerate() {
            by_subject.entry(&node.subject).or_default().push(position);
        }
        Self {
            nodes,
            anchors,
            purpose,
            now,
            by_subject,
            keys: HashMap::new(),
            verified: HashMap::new(),
            signatures: 0,
            steps: 0,
            paths: 0,
            is_too_deep: false,
            best: None,
        }
    }

    /// The best path of a leaf. A valid one to a trusted anchor ends the search; else the one that comes
    /// nearest to it.
    pub(crate) fn run(mut self, leaf: usize) -> Path {
        let is_done = self.extend(&mut vec![leaf]);
        let is_exhausted = !is_done && (self.is_exhausted() || self.is_too_deep);
        let mut best = self.best.unwrap_or_else(|| Path {
            positions: vec![leaf],
            end: End::Missing,
            has_anchor: false,
            finding: Some(exhausted()),
            signatures: None,
            is_exhausted,
        });
        best.is_exhausted = is_exhausted;
        if is_exhausted && best.finding.is_some() {
            best.finding = Some(exhausted());
        }
        best
    }

    /// Follows a path by one certificate in every way that there is; whether to stop altogether.
    fn extend(&mut self, path: &mut Vec<usize>) -> bool {
        self.steps += 1;
        let Some((last, node)) = self.last(path) else { return false };
        if path.len() == 1
            && self.is_anchor(node).is_some_and(|end| self.complete(path, end, true, None))
        {
            return true;
        }
        let mut has_issuer = false;
        let mut bad: Option<String> = None;
        for candidate in self.candidates(node, path) {
            if self.is_exhausted() {
                return false;
            }
            self.steps += 1;
            match self.verify(last, candidate.spki) {
                SignatureResult::Bad => {
                    // A key that the certificate does not mean says nothing about its signature.
                    if candidate.rank.1 {
                        bad = Some(self.candidate_label(&candidate));
                    }
                    continue;
                }
                SignatureResult::Good | SignatureResult::Unsupported(_) => has_issuer = true,
            }
            let is_done = match candidate.kind {
                CandidateKind::Anchor(anchor) => {
                    self.complete(path, End::Anchor(anchor), false, None)
                }
                CandidateKind::Node(own) if own == last => {
                    self.complete(path, End::SelfSigned, true, None)
                }
                CandidateKind::Node(_) if path.len() >= MOST_DEPTH => {
                    self.is_too_deep = true;
                    self.complete(path, End::Missing, false, None)
                }
                CandidateKind::Node(issuer) => {
                    path.push(issuer);
                    let is_done = self.extend(path);
                    path.pop();
                    is_done
                }
            };
            if is_done {
                return true;
            }
        }
        !has_issuer && self.complete(path, End::Missing, false, bad)
    }

    fn last(&self, path: &[usize]) -> Option<(usize, &'a Node<'a>)> {
        let last = *path.last()?;
        Some((last, self.nodes.get(last)?))
    }

    fn is_exhausted(&self) -> bool {
        self.signatures >= MOST_SIGNATURES || self.steps >= MOST_STEPS || self.paths >= MOST_PATHS
    }

    /// The anchor that a certificate is itself: one of the same name and key.
    fn is_anchor(&self, node: &Node<'_>) -> Option<End> {
        let mut named = self.anchors.named(&node.subject);
        named
            .find(|position| {
                self.anchors.anchors.get(*position).is_some_and(|anchor| anchor.spki == node.spki())
            })
            .map(End::Anchor)
    }

    /// By name; anchors first, then by key identifier and by validity (RFC 4158, 3.5). Nobody twice, by
    /// name and key (RFC 4158, 2.4.1), but for a self-signed certificate as its own issuer.
    fn candidates(&self, node: &'a Node<'a>, path: &[usize]) -> Vec<Candidate<'a>> {
        let wanted = node.parsed.authority_key_id();
        let mut candidates: Vec<Candidate<'a>> = self
            .anchors
            .named(&node.issuer)
            .filter_map(|position| Some((position, self.anchors.anchors.get(position)?)))
            .map(|(position, anchor)| self.anchor_candidate(position, anchor, wanted))
            .collect();
        for position in self.by_subject.get(&node.issuer).into_iter().flatten() {
            let Some(issuer) = self.nodes.get(*position) else { continue };
            let is_own = path.last() == Some(position);
            if !is_own && self.is_on(path, issuer) {
                continue;
            }
            candidates.push(Candidate {
                kind: CandidateKind::Node(*position),
                spki: issuer.spki(),
                rank: (false, issuer.may_hold(wanted), is_valid(issuer, self.now)),
            });
        }
        candidates.sort_by_key(|candidate| Reverse(candidate.rank));
        candidates
    }

    fn anchor_candidate(
        &self,
        position: usize,
        anchor: &'a Anchor,
        wanted: Option<&[u8]>,
    ) -> Candidate<'a> {
        let certificate = anchor.certificate();
        Candidate {
            kind: CandidateKind::Anchor(position),
            spki: &anchor.spki,
            rank: (
                true,
                certificate.as_ref().is_none_or(|node| node.may_hold(wanted)),
                certificate.as_ref().is_none_or(|node| is_valid(node, self.now)),
            ),
        }
    }

    fn is_on(&self, path: &[usize], issuer: &Node<'_>) -> bool {
        path.iter().filter_map(|position| self.nodes.get(*position)).any(|node| {
            node.parsed.der == issuer.parsed.der
                || (node.subject == issuer.subject && node.spki() == issuer.spki())
        })
    }

    fn candidate_label(&self, candidate: &Candidate<'_>) -> String {
        match candidate.kind {
            CandidateKind::Node(position) => {
                self.nodes.get(position).map(Node::label).unwrap_or_default()
            }
            CandidateKind::Anchor(_) => "the trust anchor of that name".to_owned(),
        }
    }

    /// Each pair of a certificate and a key is verified once.
    fn verify(&mut self, signed: usize, spki: &'a [u8]) -> SignatureResult {
        let next = self.keys.len();
        let key = *self.keys.entry(spki).or_insert(next);
        if let Some(known) = self.verified.get(&(signed, key)) {
            return known.clone();
        }
        self.signatures += 1;
        let result = self.nodes.get(signed).map_or(SignatureResult::Bad, |node| verify(node, spki));
        self.verified.insert((signed, key), result.clone());
        result
    }

    /// Judges a path, and keeps it if it is better than what there was; whether it is as good as can be.
    fn complete(
        &mut self,
        path: &[usize],
        end: End,
        has_anchor: bool,
        bad: Option<String>,
    ) -> bool {
        self.paths += 1;
        let (finding, signatures) = self.judge(path, end, has_anchor, bad);
        let found = Path {
            positions: path.to_vec(),
            end,
            has_anchor,
            finding,
            signatures,
            is_exhausted: false,
        };
        let is_best = self
            .best
            .as_ref()
            .is_none_or(|best| self.rank(&found).cmp(&self.rank(best)) == Ordering::Greater);
        let is_done = found.finding.is_none() && self.is_trusted(end);
        if is_best {
            self.best = Some(found);
        }
        is_done
    }

    fn judge(
        &self,
        path: &[usize],
        end: End,
        has_anchor: bool,
        bad: Option<String>,
    ) -> (Option<Finding>, Option<Finding>) {
        let anchor = match end {
            End::Anchor(position) if !has_anchor => self.anchors.anchors.get(position),
            _ => None,
        };
        let certificate = anchor.and_then(Anchor::certificate);
        let own = path.iter().filter_map(|position| self.nodes.get(*position));
        // The nodes of the bundle and that of the anchor live for different times.
        let nodes: Vec<&Node<'_>> = own.map(shorten).chain(certificate.as_ref()).collect();
        let chain = Chain {
            nodes,
            ends_at_anchor: certificate.is_some() || (has_anchor && matches!(end, End::Anchor(_))),
            anchor_constraints: anchor.and_then(|anchor| anchor.name_constraints.as_deref()),
            purpose: self.purpose,
            now: self.now,
        };
        let mut worst = rules::worst(&chain);
        let unverified = self.unverified(path, anchor);
        let missing = self.missing(path, end, bad);
        for open in [&unverified, &missing].into_iter().flatten() {
            if worst.as_ref().is_none_or(|worst| worst.result < open.result) {
                worst = Some(open.clone());
            }
        }
        let bad = missing.filter(|missing| missing.result == CheckResult::Failed);
        (worst, bad.or(unverified))
    }

    /// A signature of the path that could not be verified.
    fn unverified(&self, path: &[usize], anchor: Option<&Anchor>) -> Option<Finding> {
        let issuers =
            path.iter().skip(1).filter_map(|issuer| Some(self.nodes.get(*issuer)?.spki()));
        let issuers = issuers.chain(anchor.map(|anchor| anchor.spki.as_slice()));
        path.iter().zip(issuers).find_map(|(signed, spki)| {
            let key = self.keys.get(spki)?;
            match self.verified.get(&(*signed, *key))? {
                SignatureResult::Unsupported(what) => Some(Finding::unknown(
                    Code::UnsupportedAlgorithm,
                    format!(
                        "the signature of {} could not be verified: {what} is not supported",
                        self.nodes.get(*signed)?.label()
                    ),
                )),
                _ => None,
            }
        })
    }

    fn missing(&self, path: &[usize], end: End, bad: Option<String>) -> Option<Finding> {
        if end != End::Missing {
            return None;
        }
        let (_, last) = self.last(path)?;
        let label = last.label();
        Some(match bad {
            Some(issuer) => {
                Finding::failed(Code::BadSignature, format!("{label} is not signed by {issuer}"))
            }
            None => {
                let issuer = last.parsed.description.issuer.as_deref().unwrap_or_default();
                Finding::unknown(
                    Code::IssuerMissing,
                    format!("no issuer of {label} among the certificates and anchors: {issuer}"),
                )
            }
        })
    }

    /// Whether an anchor counts for the purpose: Mozilla's list speaks for TLS servers only.
    pub(crate) fn is_trusted(&self, end: End) -> bool {
        is_trusted(self.anchors, end, self.purpose)
    }

    /// A path to a trusted anchor before any other, then a whole path, a valid one, one that ends at what
    /// came in the bundle, a short one.
    fn rank(&self, path: &Path) -> impl Ord + use<> {
        let quality = path.finding.as_ref().map_or(2, |finding| match finding.result {
            CheckResult::Unknown => 1,
            _ => 0,
        });
        let whole = match path.end {
            End::Missing => 0,
            End::SelfSigned => 1,
            End::Anchor(_) => 2,
        };
        let length = path.positions.len();
        // Of paths without an end the longest says the most.
        let length = if whole == 0 { length } else { usize::MAX - length };
        (self.is_trusted(path.end), whole.min(1), quality, whole, length)
    }
}

fn exhausted() -> Finding {
    Finding::unknown(
        Code::BudgetExhausted,
        "the bundle offers more paths, or a longer one, than is looked at; none that was is valid",
    )
}

/// Covariance in the open: a node that lives longer stands in for one that need not.
pub(crate) fn shorten<'short, 'long: 'short>(node: &'short Node<'long>) -> &'short Node<'short> {
    node
}

pub(crate) fn is_trusted(anchors: &TrustAnchors, end: End, purpose: Purpose) -> bool {
    let End::Anchor(position) = end else { return false };
    let is_configured =
        anchors.anchors.get(position).is_some_and(|anchor| !anchor.source.is_mozilla());
    is_configured || purpose == Purpose::Server
}

fn is_valid(node: &Node<'_>, now: OffsetDateTime) -> bool {
    let validity = node.x509().validity();
    let now = now.unix_timestamp();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
}

/// One signature by one key.
pub(crate) fn verify(signed: &Node<'_>, spki: &[u8]) -> SignatureResult {
    let link = Link::of(signed, spki);
    if link.is_some_and(Link::is_known) {
        return SignatureResult::Good;
    }
    let result = match read_key(spki) {
        Some((key, info)) => signature::verify_with(&signed.parsed, &key, &info),
        None => SignatureResult::Unsupported("the public key of the issuer".to_owned()),
    };
    if result == SignatureResult::Good
        && let Some(link) = link
    {
        link.keep();
    }
    result
}

fn read_key(spki: &[u8]) -> Option<(Key, SubjectPublicKeyInfo<'_>)> {
    use x509_parser::asn1_rs::FromDer;
    let (_, info) = SubjectPublicKeyInfo::from_der(spki).ok()?;
    Some((key::read(&info), info))
}
