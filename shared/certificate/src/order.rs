use std::collections::HashMap;

use crate::parsed::Parsed;

/// The order in which certificates are delivered.
pub(crate) struct Order {
    /// Positions as they came: the leaf, its issuer, that one's issuer, …, then what belongs to none.
    pub(crate) sequence: Vec<usize>,
    /// What was wrong with the order in which they came.
    pub(crate) wrong: Vec<String>,
}

/// Finds the leaf and follows its issuers. Linear in the number of certificates.
pub(crate) fn order(certificates: &[Parsed<'_>]) -> Order {
    let issuers = issuers(certificates);
    let chain = leaf(certificates, &issuers).map_or_else(Vec::new, |leaf| follow(leaf, &issuers));
    let mut in_chain = vec![false; certificates.len()];
    for position in &chain {
        if let Some(flag) = in_chain.get_mut(*position) {
            *flag = true;
        }
    }
    let strays =
        in_chain.iter().enumerate().filter(|(_, inside)| !**inside).map(|(position, _)| position);
    let sequence: Vec<usize> = chain.iter().copied().chain(strays).collect();
    let wrong = wrong(certificates, &sequence, chain.len());
    Order { sequence, wrong }
}

/// For each certificate, the position of its issuer among the others: by name and, where both say
/// it, by key (RFC 5280, 4.2.1.1).
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

/// The first that issued none of the others and is no CA; else the first that issued none; else, in a
/// circle, the first.
fn leaf(certificates: &[Parsed<'_>], issuers: &[Option<usize>]) -> Option<usize> {
    let mut issued = vec![false; certificates.len()];
    for issuer in issuers.iter().flatten() {
        if let Some(flag) = issued.get_mut(*issuer) {
            *flag = true;
        }
    }
    let ends = || certificates.iter().zip(&issued).enumerate().filter(|(_, (_, issued))| !**issued);
    ends()
        .find(|(_, (certificate, _))| certificate.is_ca() != Some(true))
        .or_else(|| ends().next())
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

/// `length`: how many of `sequence` are the chain.
fn wrong(certificates: &[Parsed<'_>], sequence: &[usize], length: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    if !sequence.is_sorted() {
        wrong.push(format!(
            "came as {}; delivered leaf first",
            roles(certificates, sequence, length)
        ));
    }
    let strays = sequence.len() - length;
    if strays > 0 {
        let end =
            sequence.get(length.saturating_sub(1)).and_then(|position| certificates.get(*position));
        if let Some(end) = end.filter(|end| !end.is_self_signed()) {
            wrong.push(format!("no issuer of {} among the others", end.label()));
        }
        wrong.push(match strays {
            1 => "1 certificate does not belong to the chain".to_owned(),
            _ => format!("{strays} certificates do not belong to the chain"),
        });
    }
    wrong
}

/// What came, in the order in which it came, in words.
fn roles(certificates: &[Parsed<'_>], sequence: &[usize], length: usize) -> String {
    const MOST: usize = 6;
    let mut roles = vec!["unrelated"; certificates.len()];
    for (place, position) in sequence.iter().take(length).enumerate() {
        let is_root = certificates.get(*position).is_some_and(Parsed::is_self_signed);
        if let Some(role) = roles.get_mut(*position) {
            *role = match place {
                0 => "leaf",
                _ if is_root => "root",
                _ => "intermediate",
            };
        }
    }
    let shown = roles.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if roles.len() > MOST { format!("{shown}, …") } else { shown }
}
