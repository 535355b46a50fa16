use std::collections::HashMap;

use crate::parsed::Parsed;

/// The order in which certificates are delivered.
pub(crate) struct Order {
    /// Positions in the input: the leaf, its issuer, that one's issuer and so on, then certificates
    /// that do not belong to the chain.
    pub(crate) sequence: Vec<usize>,
    /// Deviations of the input from this order.
    pub(crate) findings: Vec<String>,
}

/// Finds the leaf and follows its issuers, in time linear in the number of certificates.
pub(crate) fn order(certificates: &[Parsed<'_>]) -> Order {
    let issuers = issuers(certificates);
    let chain = leaf(certificates, &issuers).map_or_else(Vec::new, |leaf| follow(leaf, &issuers));
    let mut in_chain = vec![false; certificates.len()];
    for position in &chain {
        if let Some(flag) = in_chain.get_mut(*position) {
            *flag = true;
        }
    }
    let unrelated =
        in_chain.iter().enumerate().filter(|(_, inside)| !**inside).map(|(position, _)| position);
    let sequence: Vec<usize> = chain.iter().copied().chain(unrelated).collect();
    let findings = findings(certificates, &sequence, chain.len());
    Order { sequence, findings }
}

/// For each certificate, the position of its issuer among the others. Issuers are found by name
/// and, where both certificates have one, by key identifier (RFC 5280, 4.2.1.1).
fn issuers(certificates: &[Parsed<'_>]) -> Vec<Option<usize>> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_key: HashMap<(&str, Option<&[u8]>), Vec<usize>> = HashMap::new();
    for (position, certificate) in certificates.iter().enumerate() {
        let subject = certificate.subject.as_str();
        by_name.entry(subject).or_default().push(position);
        by_key.entry((subject, certificate.subject_key_id())).or_default().push(position);
    }
    let other = |found: Option<&Vec<usize>>, own: usize| {
        found.and_then(|positions| positions.iter().copied().find(|position| *position != own))
    };
    certificates
        .iter()
        .enumerate()
        .map(|(own, certificate)| {
            let issuer = certificate.issuer.as_str();
            if certificate.is_self_signed() {
                return None;
            }
            match certificate.authority_key_id() {
                Some(id) => other(by_key.get(&(issuer, Some(id))), own)
                    .or_else(|| other(by_key.get(&(issuer, None)), own)),
                None => other(by_name.get(issuer), own),
            }
        })
        .collect()
}

/// The first certificate that issued none of the others and is not a CA; else the first that issued
/// none; else, if they issued each other in a circle, the first.
fn leaf(certificates: &[Parsed<'_>], issuers: &[Option<usize>]) -> Option<usize> {
    let mut issued = vec![false; certificates.len()];
    for issuer in issuers.iter().flatten() {
        if let Some(flag) = issued.get_mut(*issuer) {
            *flag = true;
        }
    }
    let candidates =
        || certificates.iter().zip(&issued).enumerate().filter(|(_, (_, issued))| !**issued);
    candidates()
        .find(|(_, (certificate, _))| certificate.is_ca() != Some(true))
        .or_else(|| candidates().next())
        .map(|(position, _)| position)
        .or((!certificates.is_empty()).then_some(0))
}

fn follow(leaf: usize, issuers: &[Option<usize>]) -> Vec<usize> {
    let mut seen = vec![false; issuers.len()];
    let mut chain = Vec::new();
    let mut next = Some(leaf);
    while let Some(position) = next {
        match seen.get_mut(position) {
            Some(seen) if !*seen => *seen = true,
            _ => break,
        }
        chain.push(position);
        next = issuers.get(position).copied().flatten();
    }
    chain
}

/// The first `chain_length` elements of `sequence` are the chain.
fn findings(certificates: &[Parsed<'_>], sequence: &[usize], chain_length: usize) -> Vec<String> {
    let mut findings = Vec::new();
    if !sequence.is_sorted() {
        findings.push(format!(
            "came as {}; delivered leaf first",
            roles(certificates, sequence, chain_length)
        ));
    }
    let unrelated = sequence.len() - chain_length;
    if unrelated > 0 {
        let end = sequence
            .get(chain_length.saturating_sub(1))
            .and_then(|position| certificates.get(*position));
        if let Some(end) = end.filter(|end| !end.is_self_signed()) {
            findings.push(format!("no issuer of {} among the others", end.label()));
        }
        findings.push(match unrelated {
            1 => "1 certificate does not belong to the chain".to_owned(),
            _ => format!("{unrelated} certificates do not belong to the chain"),
        });
    }
    findings
}

/// The role of each certificate in the order of the input.
fn roles(certificates: &[Parsed<'_>], sequence: &[usize], chain_length: usize) -> String {
    const MAX_LISTED: usize = 6;
    let mut roles = vec!["unrelated"; certificates.len()];
    for (place, position) in sequence.iter().take(chain_length).enumerate() {
        let is_root = certificates.get(*position).is_some_and(Parsed::is_self_signed);
        if let Some(role) = roles.get_mut(*position) {
            *role = match place {
                0 => "leaf",
                _ if is_root => "root",
                _ => "intermediate",
            };
        }
    }
    let shown = roles.iter().take(MAX_LISTED).copied().collect::<Vec<_>>().join(", ");
    if roles.len() > MAX_LISTED { format!("{shown}, …") } else { shown }
}
