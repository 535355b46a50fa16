use std::collections::HashMap;

use super::name::ComparableName;
use super::node::Node;
use super::search;
use crate::signature::SignatureResult;

/// Signatures that telling a leaf from an issuer may cost.
const MOST_SIGNATURES: usize = 32;

/// Which certificate the bundle is about: the first that is no CA certificate and has issued none of the
/// others; else the first that has issued none. Names alone do not tell, since a leaf may have the name of its
/// CA, so that the signature decides for what is no CA.
pub(crate) fn leaf(nodes: &[Node<'_>]) -> Option<usize> {
    let mut by_issuer: HashMap<&ComparableName, Vec<usize>> = HashMap::new();
    for (position, node) in nodes.iter().enumerate() {
        by_issuer.entry(&node.issuer).or_default().push(position);
    }
    let mut effort = MOST_SIGNATURES;
    let mut has_issued = |position: usize, node: &Node<'_>| {
        by_issuer.get(&node.subject).into_iter().flatten().any(|other| {
            *other != position
                && nodes.get(*other).is_some_and(|other| issued(node, other, &mut effort))
        })
    };
    let candidates: Vec<(usize, &Node<'_>)> = nodes.iter().enumerate().collect();
    let end_entities = || candidates.iter().filter(|(_, node)| !node.is_ca());
    let foreign = || end_entities().filter(|(_, node)| !node.is_self_issued());
    let mut find = |node: &&(usize, &Node<'_>)| !has_issued(node.0, node.1);
    foreign()
        .find(&mut find)
        .or_else(|| end_entities().find(&mut find))
        .or_else(|| candidates.iter().find(&mut find))
        .or_else(|| end_entities().next())
        .or_else(|| candidates.first())
        .map(|(position, _)| *position)
}

fn issued(issuer: &Node<'_>, other: &Node<'_>, effort: &mut usize) -> bool {
    if issuer.spki() == other.spki() && issuer.subject == other.subject {
        // Another edition of the same certificate.
        return false;
    }
    if issuer.is_ca() || !issuer.may_hold(other.parsed.authority_key_id()) {
        return issuer.is_ca() && issuer.may_hold(other.parsed.authority_key_id());
    }
    if *effort == 0 {
        return true;
    }
    *effort -= 1;
    search::verify(other, issuer.spki()) != SignatureResult::Bad
}
