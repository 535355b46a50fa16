use std::sync::Arc;

use anyhow::Result;
use rcgen::KeyPair;
use time::Duration;

use super::hierarchy::Request;
use super::issued::{Curve, Issued, serial_number};
use super::{Authority, Hierarchy};
use crate::digicert::certificate_id;
use crate::server::Simulator;

/// A certificate that a test orders, in place of the one that the simulator makes for an id.
#[derive(Clone)]
pub struct Order {
    /// The first one is the common name.
    pub names: Vec<String>,
    pub key: Arc<KeyPair>,
    pub lifetime: Duration,
}

/// Who issues an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Issuer {
    /// CertCentral, by this order. The certificate can be downloaded from then on.
    Digicert { order: u64 },
    /// CertCentral's CA, for an account that is not this one. The number distinguishes certificates.
    OtherAccount(u64),
    /// A CA of whose certificates no simulated provider tells.
    OtherCa(u64),
}

impl Authority {
    /// Issues the certificate now, and returns its precertificate, which logs show.
    fn place(&self, issuer: Issuer, order: &Order) -> Result<Issued> {
        let (hierarchy, key): (&Hierarchy, _) = match issuer {
            Issuer::Digicert { order } => {
                (&self.p256, format!("digicert/{}", certificate_id(order)))
            }
            Issuer::OtherAccount(number) => (&self.p256, format!("other-account/{number}")),
            Issuer::OtherCa(number) => (&self.foreign, format!("other-ca/{number}")),
        };
        let issue = |is_precertificate| {
            let now = self.clock.now();
            let request = Request {
                serial: serial_number(&key),
                names: order.names.clone(),
                issued_at: now,
                not_before: now,
                not_after: now + order.lifetime - Duration::SECOND,
                public_key: Some(Arc::clone(&order.key)),
                is_precertificate,
            };
            hierarchy.issue(request, Curve::P256)
        };
        if let Issuer::Digicert { .. } = issuer {
            self.cache().put(key.clone(), Arc::new(issue(false)?));
        }
        issue(true)
    }
}

impl Simulator {
    /// Issues a certificate, which CertCentral knows if it is its own, and returns its precertificate as PEM. No event is sent.
    ///
    /// # Errors
    /// A name cannot be in a certificate.
    pub fn place_order(&self, issuer: Issuer, order: &Order) -> Result<String> {
        Ok(self.state.shared.authority.place(issuer, order)?.pem)
    }
}
