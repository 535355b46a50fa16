use envelope::{Envelope, EventType};

use crate::interpretation::Interpretation;
use crate::lifecycle::Lifecycle;

/// Ranks in the lifecycle of a CertCentral certificate, whose events carry no time. An event that
/// ends a lifecycle is never followed by one that begins it.
const BEGUN: i64 = 1;
const ENDED: i64 = 2;

/// The lifecycle of a certificate and not of its order, since an order has several certificates in its
/// time. An approval may be that of a first issue or of a reissue, so it has no rank.
pub fn lifecycle(_: &Envelope, interpretation: &Interpretation) -> Option<Lifecycle> {
    let rank = match interpretation.kind {
        EventType::CertificateIssued => Some(BEGUN),
        EventType::CertificateRevoked | EventType::CertificateIssuanceFailed => Some(ENDED),
        EventType::OrderApproval => None,
        _ => return None,
    };
    let id = |name| interpretation.number(name);
    let certificate = id("certificate_id").filter(|_| rank.is_some());
    match (certificate, id("order_id")) {
        (Some(id), _) => {
            Some(Lifecycle { certificate: format!("digicert/certificate/{id}"), rank })
        }
        (None, Some(id)) => {
            Some(Lifecycle { certificate: format!("digicert/order/{id}"), rank: None })
        }
        (None, None) => None,
    }
}
