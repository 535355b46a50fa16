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
    let zone = interpretation.identifiers.get("zone_id").and_then(Value::as_str);
    let certificate = match zone.filter(|_| name.starts_with("hostname/")) {
        Some(zone) => format!("cloudflare/zone/{zone}/{name}"),
        None => format!("cloudflare/{name}"),
    };
    // An event does not happen after its receipt, whatever the provider's clock says: one wrong
    // time in the future would make every later event stale.
    let time = envelope.time.min(envelope.receivedtime);
    let micros = i64::try_from(time.unix_timestamp_nanos() / 1000).ok()?;
    Some(Lifecycle { certificate: certificate.to_ascii_lowercase(), rank: Some(micros) })
}
