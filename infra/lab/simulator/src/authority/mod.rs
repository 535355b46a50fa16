//! The simulated CA: a root, an intermediate and leaves on P-256, the same on P-384, and a foreign hierarchy
//! for wrong chains. There is no RSA, because rcgen cannot generate RSA keys with ring.
//!
//! - [`hierarchy`]: a root, an intermediate, and the signing of leaves
//! - [`issued`]: a leaf, and what responses say about it
//! - [`order`]: a certificate that a test orders, and its precertificate

mod hierarchy;
mod issued;
mod order;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use lru::LruCache;
use ports::Clock;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use time::{Duration, Time};

pub(crate) use self::hierarchy::Hierarchy;
use self::hierarchy::Request;
use self::issued::serial_number;
pub(crate) use self::issued::{Curve, Issued, number_of};
pub use self::order::{Issuer, Order};

/// The number of leaves that are kept.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(32_768).unwrap();

pub(crate) struct Authority {
    p256: Hierarchy,
    p384: Hierarchy,
    foreign: Hierarchy,
    clock: Arc<dyn Clock>,
    cache: Mutex<LruCache<String, Arc<Issued>>>,
}

impl Authority {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self> {
        let hierarchy = |label, curve| {
            Hierarchy::new(label, curve, clock.now())
                .context("the certificates of the simulated CA")
        };
        Ok(Self {
            p256: hierarchy("ECC P-256", Curve::P256)?,
            p384: hierarchy("ECC P-384", Curve::P384)?,
            foreign: hierarchy("Foreign", Curve::P256)?,
            clock,
            cache: Mutex::new(LruCache::new(CAPACITY)),
        })
    }

    /// The leaf for `key`. The same key gets the same bytes as long as it is among the last 32,768. The first
    /// of `names` is the common name.
    pub(crate) fn issue(&self, key: &str, names: Vec<String>, curve: Curve) -> Result<Arc<Issued>> {
        if let Some(issued) = self.cache().get(key).cloned() {
            return Ok(issued);
        }
        let name = names.first().cloned().unwrap_or_default();
        let issued = self
            .hierarchy(curve)
            .issue(self.request(key, names), curve)
            .with_context(|| format!("issuing a certificate for {name:?}"))?;
        Ok(Arc::clone(self.cache().get_or_insert(key.to_owned(), || Arc::new(issued))))
    }

    pub(crate) fn hierarchy(&self, curve: Curve) -> &Hierarchy {
        match curve {
            Curve::P256 => &self.p256,
            Curve::P384 => &self.p384,
        }
    }

    /// The roots of both hierarchies as PEM with LF.
    pub(crate) fn roots(&self) -> String {
        [self.p256.root(), self.p384.root()].concat()
    }

    /// A hierarchy that signs none of the requested certificates.
    pub(crate) fn foreign(&self) -> &Hierarchy {
        &self.foreign
    }

    /// `count` different certificates as PEM, which are not kept.
    pub(crate) fn filler(&self, count: usize) -> Result<String> {
        (0..count)
            .map(|number| {
                let names = vec![format!("filler-{number}.example.com")];
                let request = self.request(&format!("filler/{number}"), names);
                let filler = self.foreign.issue(request, Curve::P256)?;
                Ok(filler.pem)
            })
            .collect()
    }

    /// A new private key that belongs to no certificate, in PKCS #8.
    pub(crate) fn stray_private_key(&self) -> Result<Vec<u8>> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("a stray private key")?;
        Ok(key.serialize_der())
    }

    /// What the simulator issues where nobody ordered anything else.
    fn request(&self, key: &str, names: Vec<String>) -> Request {
        // It is valid from the beginning of yesterday, in case the clock of a consumer is slow.
        let not_before = (self.clock.now() - Duration::DAY).replace_time(Time::MIDNIGHT);
        Request {
            serial: serial_number(key),
            names,
            issued_at: self.clock.now(),
            not_before,
            not_after: not_before + Duration::days(47) - Duration::SECOND,
            public_key: None,
            is_precertificate: false,
        }
    }

    fn cache(&self) -> MutexGuard<'_, LruCache<String, Arc<Issued>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
