use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::digest::{Context, SHA256};

use super::node::Node;

/// The most links that are known. A hostile bundle that fills the set costs others one signature each.
const CAPACITY: usize = 256;

/// Links between two CAs whose signatures were good. Nearly all chains share a few, while each leaf comes once
/// or twice: so it is a leaf's signature alone that is computed for most chains.
static KNOWN: Mutex<Option<HashSet<Link>>> = Mutex::new(None);

/// The hash of a certificate and of the key that signed it.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Link([u8; 32]);

impl Link {
    /// `None` for a certificate of no CA.
    pub(super) fn of(signed: &Node<'_>, spki: &[u8]) -> Option<Self> {
        if !signed.is_ca() {
            return None;
        }
        let mut hash = Context::new(&SHA256);
        // The certificate says where it ends, so no other pair has the same bytes.
        hash.update(signed.parsed.der);
        hash.update(spki);
        hash.finish().as_ref().try_into().ok().map(Self)
    }

    pub(super) fn is_known(self) -> bool {
        known().as_ref().is_some_and(|known| known.contains(&self))
    }

    pub(super) fn keep(self) {
        let mut known = known();
        let known = known.get_or_insert_default();
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(self);
    }
}

fn known() -> MutexGuard<'static, Option<HashSet<Link>>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use crate::path::node::Node;
    use crate::path::search::verify;
    use crate::signature::SignatureResult;

    fn ca() -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_known_link_vouches_for_no_other_certificate_and_no_other_key() {
        let (one, other) = (ca(), ca());
        let (node, stranger) = (Node::read(one.der()).unwrap(), Node::read(other.der()).unwrap());
        let mut changed = one.der().to_vec();
        // The signature is at the end.
        *changed.last_mut().unwrap() ^= 1;
        let changed = Node::read(&changed).unwrap();
        for _ in 0..2 {
            assert_eq!(verify(&node, node.spki()), SignatureResult::Good);
            assert_eq!(verify(&changed, node.spki()), SignatureResult::Bad);
            assert_eq!(verify(&node, stranger.spki()), SignatureResult::Bad);
        }
    }
}
