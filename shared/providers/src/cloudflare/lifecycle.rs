use envelope::{Envelope, EventType};
use serde_json::Value;

use crate::interpretation::Interpretation;
use crate::lifecycle::Lifecycle;
use crate::naming::UNKNOWN;

/// The rank is the event's time, since a renewal begins the lifecycle anew. The key has the zone,
/// since two zones may have the same hostname while it moves from one to the other.
pub fn lifecycle(envelope: &Envelope, interpretation: &Interpretation) -> Option<Lifecycle> {
    if interpretation.kind == EventType::Unrecognised {
        return None;
    }
    let (_, name) = interpretation.subject.split_once('/')?;
    if name.ends_with(&format!("/{UNKNOWN}")) {
        return None;
    }
    let id = |name| interpretation.identifiers.get(name).and_then(Value::as_str);
    let zone = id("zone_id");
    // A zone has several certificates of its own, each with a lifecycle.
    let of_zone = name.strip_prefix("zone/").map(|_| id("certificate_id"));
    let name = match of_zone {
        Some(certificate) => &format!("certificate/{}", certificate?),
        None => name,
    };
    let certificate = match zone.filter(|_| name.starts_with("hostname/") || of_zone.is_some()) {
        Some(zone) => format!("cloudflare/zone/{zone}/{name}"),
        None => format!("cloudflare/{name}"),
    };
    // An event does not happen after its receipt, whatever the provider's clock says: one wrong
    // time in the future would make every later event stale.
    let time = envelope.time.min(envelope.receivedtime);
    let micros = i64::try_from(time.unix_timestamp_nanos() / 1000).ok()?;
    Some(Lifecycle { certificate: certificate.to_ascii_lowercase(), rank: Some(micros) })
}
