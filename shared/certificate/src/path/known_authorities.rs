use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::name::ComparableName;
use super::node::Node;
use crate::key::Key;

/// The most certificates that are known, and the largest. A hostile bundle that fills the map costs others to read
/// theirs anew.
const CAPACITY: usize = 64;
const LARGEST: usize = 4096;

/// What was read of the certificates of CAs, by their DER. Nearly all chains share a few, while each leaf comes once or
/// twice: so it is a leaf alone that is described for most chains.
static KNOWN: Mutex<Option<HashMap<Vec<u8>, KnownAuthority>>> = Mutex::new(None);

#[derive(Clone)]
pub(super) struct KnownAuthority {
    pub(super) description: envelope::Certificate,
    pub(super) key: Key,
    pub(super) subject: ComparableName,
    pub(super) issuer: ComparableName,
}

impl KnownAuthority {
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        known().as_ref()?.get(der).cloned()
    }

    /// Keeps what was read, if it is of a CA.
    pub(super) fn keep(node: &Node<'_>) {
        let parsed = &node.parsed;
        if !node.is_ca() || parsed.der.len() > LARGEST {
            return;
        }
        let mut known = known();
        let known = known.get_or_insert_default();
        if known.len() >= CAPACITY {
            known.clear();
        }
        let read = Self {
            description: parsed.description.clone(),
            key: parsed.key.clone(),
            subject: node.subject.clone(),
            issuer: node.issuer.clone(),
        };
        known.insert(parsed.der.to_vec(), read);
    }
}

fn known() -> MutexGuard<'static, Option<HashMap<Vec<u8>, KnownAuthority>>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

    use super::{CAPACITY, KnownAuthority, known};
    use crate::path::node::Node;

    fn certificate(name: &str, is_ca: IsCa) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn what_is_known_is_what_would_be_read() {
        let ca = certificate("CA", IsCa::Ca(BasicConstraints::Unconstrained));
        let mut changed = ca.clone();
        // The signature is at the end.
        *changed.last_mut().unwrap() ^= 1;
        let [first, again, changed] = [&ca, &ca, &changed].map(|der| Node::read(der).unwrap());
        assert_eq!(first.parsed.description, again.parsed.description);
        assert_eq!((&first.subject, &first.issuer), (&again.subject, &again.issuer));
        assert_eq!(first.spki(), again.spki());
        let hash = |node: &Node<'_>| node.parsed.description.fingerprint_sha256.clone();
        assert_ne!(hash(&first), hash(&changed));
    }

    #[test]
    fn leaves_are_not_kept_and_authorities_are_limited() {
        let leaf = certificate("leaf", IsCa::ExplicitNoCa);
        assert!(Node::read(&leaf).is_some() && KnownAuthority::of(&leaf).is_none());
        for number in 0..=CAPACITY {
            let ca = certificate(&number.to_string(), IsCa::Ca(BasicConstraints::Unconstrained));
            assert!(Node::read(&ca).is_some());
            assert!(known().as_ref().is_some_and(|known| known.len() <= CAPACITY));
        }
    }
}
