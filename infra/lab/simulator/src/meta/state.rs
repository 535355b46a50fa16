use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::authority::number_of;
use crate::server::Simulator;
use crate::shared::Shared;

/// The number of listed certificates that are kept.
const OBSERVED: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Graph with its one simulated app, whatever the id in the path.
pub(crate) struct MetaState {
    pub(super) shared: Arc<Shared>,
    /// The certificates that `/certificates` listed by their Graph ids, so that they can be requested one by
    /// one.
    observed: Mutex<LruCache<u64, ObservedCertificate>>,
}

/// A certificate for a domain in the logs.
#[derive(Clone, Debug)]
pub(super) struct ObservedCertificate {
    pub(super) domain: String,
    /// The number of the certificate among those of the domain, from 0.
    pub(super) number: u32,
}

impl ObservedCertificate {
    /// The id in the Graph API.
    pub(super) fn id(&self) -> u64 {
        id_of(&format!("certificate/{}/{}", self.domain, self.number))
    }
}

impl Simulator {
    /// `http://127.0.0.1:PORT/graph`
    pub fn meta_base(&self) -> String {
        self.base(super::BASE)
    }
}

impl MetaState {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, observed: Mutex::new(LruCache::new(OBSERVED)) }
    }

    pub(super) fn remember(&self, id: u64, certificate: &ObservedCertificate) {
        self.observed().get_or_insert(id, || certificate.clone());
    }

    /// The certificate with this id: a listed one, or else one of the first subscribed domain.
    pub(super) fn certificate(&self, id: u64) -> ObservedCertificate {
        let observed = self.observed().get(&id).cloned();
        observed.unwrap_or_else(|| {
            let domain = self.shared.settings.subscribed_domains.first();
            let domain = domain.map_or("example.com", String::as_str).to_ascii_lowercase();
            let number = u32::try_from(id % u64::from(u32::MAX)).unwrap_or_default();
            ObservedCertificate { domain, number }
        })
    }

    fn observed(&self) -> MutexGuard<'_, LruCache<u64, ObservedCertificate>> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id of sixteen digits, as in the documented sample, that depends only on the text.
pub(super) fn id_of(text: &str) -> u64 {
    const SIXTEEN_DIGITS: u128 = 10_u128.pow(15);
    let id = SIXTEEN_DIGITS + number_of(text) % (9 * SIXTEEN_DIGITS);
    u64::try_from(id).unwrap_or(u64::MAX)
}
