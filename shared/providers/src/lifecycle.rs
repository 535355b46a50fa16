use envelope::{Envelope, EventType, Provider};
use serde_json::Value;

use crate::interpretation::Interpretation;
use crate::naming::UNKNOWN;

/// Longer keys are none: what a provider puts in the place of a name may be anything.
const KEY_LIMIT: usize = 512;

/// Places in the life of a CertCentral certificate, whose events carry no time. What ends a life is
/// never followed by what begins it.
const BEGUN: i64 = 1;
const ENDED: i64 = 2;

/// Which certificate's life an event tells of, and where in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lifecycle {
    /// `digicert/certificate/ID`, `cloudflare/zone/ID/hostname/NAME`, `cloudflare/certificate/ID`, or
    /// `digicert/order/ID` where CertCentral names an order only.
    pub certificate: String,
    /// Rises along the life. `None` where nothing tells the order of events: none is stale then.
    pub rank: Option<i64>,
}

/// `None` for what is about no certificate of ours: notices of domains and organizations, Meta, and
/// whatever is not recognised.
pub fn lifecycle(envelope: &Envelope, interpretation: &Interpretation) -> Option<Lifecycle> {
    let lifecycle = match interpretation.provider {
        Provider::Cloudflare => cloudflare(envelope, interpretation)?,
        Provider::Digicert => digicert(interpretation)?,
        Provider::Meta => return None,
    };
    (lifecycle.certificate.len() <= KEY_LIMIT).then_some(lifecycle)
}

/// By certificate: an order has several in its time. An approval may be that of a first issue or of a
/// reissue, so it has no place.
fn digicert(interpretation: &Interpretation) -> Option<Lifecycle> {
    let rank = match interpretation.kind {
        EventType::CertificateIssued => Some(BEGUN),
        EventType::CertificateRevoked | EventType::CertificateIssuanceFailed => Some(ENDED),
        EventType::OrderApproval => None,
        _ => return None,
    };
    let id = |name| interpretation.identifiers.get(name).and_then(Value::as_u64);
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

/// By time, since a renewal begins the life anew. Two zones may have the same hostname while it moves.
fn cloudflare(envelope: &Envelope, interpretation: &Interpretation) -> Option<Lifecycle> {
    if interpretation.kind == EventType::Unrecognised {
        return None;
    }
    let (_, name) = interpretation.subject.split_once('/')?;
    if name.ends_with(&format!("/{UNKNOWN}")) {
        return None;
    }
    let zone = interpretation.identifiers.get("zone_id").and_then(Value::as_str);
    let certificate = match zone.filter(|_| name.starts_with("hostname/")) {
        Some(zone) => format!("cloudflare/zone/{zone}/{name}"),
        None => format!("cloudflare/{name}"),
    };
    // Nothing happens after it was received, whatever a clock elsewhere says: one wrong moment in the
    // future would make all that follows stale.
    let moment = envelope.time.min(envelope.receivedtime);
    let micros = i64::try_from(moment.unix_timestamp_nanos() / 1000).ok()?;
    Some(Lifecycle { certificate: certificate.to_ascii_lowercase(), rank: Some(micros) })
}
