use envelope::{Check, CheckResult, Code};
use time::OffsetDateTime;

use crate::on_path;
use crate::path::node::Node;
use crate::path::purpose::Purpose;
use crate::path::rules::{self, Chain, Finding};
use crate::path::search::verify;
use crate::pem;
use crate::signature::SignatureResult;
use crate::transparency::{self, SignedTimestamp};

/// What is to be said of one certificate of a chain, and of its place there.
pub struct Link {
    /// Each check of it with its name.
    pub checks: Vec<(&'static str, Check)>,
    /// The SCTs that it holds.
    pub timestamps: Vec<SignedTimestamp>,
}

/// The certificates of a chain one by one, for people who look for the one that is wrong. [`validate`](crate::validate)
/// judges the path as a whole, by anchors that this does not know. `pem_chain` has the leaf first, each followed by
/// its issuer, and the chain counts as one for what its leaf says that it is for. Empty where it cannot be read.
pub fn links(pem_chain: &str, at: OffsetDateTime) -> Vec<Link> {
    let ders = pem::certificates(pem_chain).unwrap_or_default();
    let nodes: Option<Vec<_>> = ders.iter().map(|der| Node::read(der)).collect();
    let nodes = nodes.unwrap_or_default();
    let nodes: Vec<&Node<'_>> = nodes.iter().collect();
    let Some(leaf) = nodes.first() else { return Vec::new() };
    let purpose = Purpose::of(leaf);
    let is_root = |node: &Node<'_>| node.is_self_issued() && node.is_ca();
    let ends_at_anchor = nodes.last().is_some_and(|last| is_root(last));
    let chain = Chain { nodes, ends_at_anchor, anchor_constraints: None, purpose, now: at };
    let link = |(depth, node): (usize, &&Node<'_>)| {
        let is_anchor = ends_at_anchor && depth + 1 == chain.nodes.len();
        let issuer = chain.nodes.get(depth + 1);
        Link {
            checks: vec![
                ("signature", signature(node, issuer.copied())),
                ("dates", dates(node, at)),
                ("use", usage(&chain, depth, is_anchor)),
                ("key", key(node)),
                ("algorithm", algorithm(node, is_anchor)),
                ("form", worst(rules::form(node), "well-formed")),
            ],
            timestamps: transparency::timestamps(node),
        }
    };
    let mut links: Vec<_> = chain.nodes.iter().enumerate().map(link).collect();
    if let Some(leaf) = links.first_mut() {
        let constraints = rules::name_constraints(&chain);
        let ok = "no certificate of the chain forbids a name below it";
        leaf.checks.push(("name constraints", worst(constraints, ok)));
    }
    links
}

fn worst(found: impl IntoIterator<Item = Finding>, ok: impl Into<String>) -> Check {
    match found.into_iter().max_by_key(|finding| finding.result) {
        Some(finding) => finding.into_check(),
        None => Check::ok(ok),
    }
}

fn signature(node: &Node<'_>, issuer: Option<&Node<'_>>) -> Check {
    let Some(signer) = issuer.or_else(|| node.is_self_issued().then_some(node)) else {
        return Check::not_applicable(
            Code::IssuerMissing,
            "the issuer is not part of the chain; the check `trust` says where the path ends",
        );
    };
    let by = if issuer.is_some() { signer.label() } else { "itself".to_owned() };
    match verify(node, signer.spki()) {
        SignatureResult::Good => Check::ok(format!("signed by {by}")),
        SignatureResult::Bad => Check::failed(Code::BadSignature, format!("not signed by {by}")),
        SignatureResult::Unsupported(what) => {
            Check::unknown(Code::UnsupportedAlgorithm, format!("{what} is not supported"))
        }
    }
}

fn dates(node: &Node<'_>, at: OffsetDateTime) -> Check {
    let validity = node.x509().validity();
    let [start, end] =
        [validity.not_before, validity.not_after].map(|time| time.to_datetime().date());
    worst(rules::validity(node, at), format!("{start} to {end}"))
}

fn usage(chain: &Chain<'_>, depth: usize, is_anchor: bool) -> Check {
    let Some(node) = chain.nodes.get(depth) else { return worst([], "") };
    let mut found: Vec<_> = rules::extended_usage(node, chain.purpose).into_iter().collect();
    if depth == 0 {
        found.extend(rules::leaf(node, chain.purpose));
        return worst(found, format!("may be used as {} certificate", chain.purpose.words()));
    }
    found.extend(rules::authority(node, is_anchor));
    found.extend(rules::path_length(&chain.nodes, depth));
    worst(found, "may issue the certificates below it")
}

fn key(node: &Node<'_>) -> Check {
    let check = on_path::key_strength(&[node]);
    let key = &node.parsed.key;
    match (check.result, key.bits) {
        (CheckResult::Ok, Some(bits)) => Check::ok(format!("{}, {bits} bits", key.algorithm)),
        (CheckResult::Ok, None) => Check::ok(key.algorithm.clone()),
        _ => check,
    }
}

fn algorithm(node: &Node<'_>, is_anchor: bool) -> Check {
    let check = on_path::algorithm(&[node], is_anchor);
    match (check.result, &node.parsed.description.signature_algorithm) {
        (CheckResult::Ok, Some(name)) => Check::ok(name.clone()),
        _ => check,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use time::macros::datetime;

    use super::*;
    use crate::encode_pem;

    fn ca(name: &str, constraints: BasicConstraints) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(constraints);
        params
    }

    /// The checks of each certificate that are not `ok`.
    fn objections(links: &[Link]) -> Vec<(usize, &'static str, &str)> {
        let all = links.iter().enumerate().flat_map(|(depth, link)| {
            link.checks.iter().map(move |(name, check)| (depth, *name, check))
        });
        all.filter(|(.., check)| check.result != CheckResult::Ok)
            .map(|(depth, name, check)| (depth, name, &*check.code))
            .collect()
    }

    #[test]
    fn each_certificate_says_what_is_wrong_with_it() {
        let now = datetime!(2026-06-01 0:00 UTC);
        let generate = || KeyPair::generate().unwrap();
        let root = ca("Root", BasicConstraints::Constrained(1));
        let root = CertifiedIssuer::self_signed(root, generate()).unwrap();
        let sub = ca("Sub", BasicConstraints::Unconstrained);
        let sub = CertifiedIssuer::signed_by(sub, generate(), &root).unwrap();
        let mut leaf = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        leaf.not_after = datetime!(2026-05-01 0:00 UTC);
        let of_sub = leaf.signed_by(&generate(), &sub).unwrap();
        let pem = |ders: &[&[u8]]| -> String {
            ders.iter().map(|der| encode_pem("CERTIFICATE", der)).collect()
        };

        let whole = links(&pem(&[of_sub.der(), sub.der(), root.der()]), now);
        assert_eq!(objections(&whole), [(0, "dates", "expired")]);
        let dates = &whole[0].checks[1].1.detail;
        assert!(dates.contains("expired on 2026-05-01"), "{dates}");

        let of_root = links(&pem(&[of_sub.der(), root.der()]), now);
        assert_eq!(objections(&of_root)[0], (0, "signature", "bad_signature"));
        let without_root = links(&pem(&[of_sub.der(), sub.der()]), now);
        assert_eq!(objections(&without_root)[1], (1, "signature", "issuer_missing"));

        let third = ca("Third", BasicConstraints::Unconstrained);
        let third = CertifiedIssuer::signed_by(third, generate(), &sub).unwrap();
        leaf.not_after = datetime!(2026-07-01 0:00 UTC);
        let of_third = leaf.signed_by(&generate(), &third).unwrap();
        let long = links(&pem(&[of_third.der(), third.der(), sub.der(), root.der()]), now);
        assert_eq!(objections(&long), [(3, "use", "path_too_long")]);

        leaf.is_ca = IsCa::NoCa;
        let no_ca = CertifiedIssuer::signed_by(leaf.clone(), generate(), &root).unwrap();
        let below = leaf.signed_by(&generate(), &no_ca).unwrap();
        let below = links(&pem(&[below.der(), no_ca.der(), root.der()]), now);
        assert!(objections(&below).contains(&(1, "use", "not_a_ca")), "{:?}", objections(&below));

        for unreadable in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(links(unreadable, now).is_empty());
        }
    }
}
