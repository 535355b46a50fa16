use std::collections::BTreeSet;

use envelope::{Certificate, CertificateEvent, Provider};
use ports::{Entry, HistoryRecord};
use providers::lifecycle::Lifecycle;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// State and history of a certificate are kept so long after its last event: longer than the longest
/// life of a public one (398 days; CA/Browser Forum Baseline Requirements, 6.3.2).
pub(crate) const KEPT: Duration = Duration::days(400);

/// Leaves of one event; Cloudflare has two or three of different key types for a hostname.
const LEAVES: usize = 4;
/// Names of a certificate by which its history is found.
const NAMES: usize = 10;
/// No name, serial number or id is longer, but for those that are none (RFC 1035, 2.3.4).
const LONGEST: usize = 255;

/// The line of this event in the history of its certificate. `None` when the id is longer than a key
/// may be.
pub(crate) fn record_of(
    lifecycle: Lifecycle,
    event: &CertificateEvent,
    now: OffsetDateTime,
) -> Option<HistoryRecord> {
    let leaves = leaves(event);
    let serials = leaves.iter().filter_map(|leaf| leaf.serial_number.clone());
    let serial_numbers: Vec<_> = serials.filter(|serial| serial.len() <= LONGEST).collect();
    let short = |value: &Value| value.as_str().is_none_or(|text| text.len() <= LONGEST);
    let identifiers = event.data.identifiers.clone().into_iter();
    (event.id.len() <= LONGEST).then(|| HistoryRecord {
        aliases: aliases(event, leaves, &serial_numbers),
        certificate: lifecycle.certificate,
        kept_until: now + KEPT,
        entry: Entry {
            id: event.id.clone(),
            kind: event.kind.clone(),
            event: event.data.event.clone(),
            subject: event.subject.clone(),
            time: event.time,
            received: event.receivedtime,
            delivered: now,
            callback: event.data.callback.clone(),
            ordering: event.ordering.clone(),
            reconciled: event.reconciled,
            replayed: event.replayed,
            identifiers: identifiers.filter(|(_, value)| short(value)).collect(),
            not_after: leaves.first().and_then(not_after),
            serial_numbers,
        },
    })
}

fn not_after(leaf: &Certificate) -> Option<String> {
    leaf.not_after.clone().filter(|moment| moment.len() <= LONGEST)
}

/// CertCentral gives a chain, Cloudflare the hostname's certificates.
fn leaves(event: &CertificateEvent) -> &[Certificate] {
    let most = if event.data.provider == Provider::Cloudflare { LEAVES } else { 1 };
    let certificates = &event.data.certificates;
    certificates.get(..most).unwrap_or(certificates)
}

/// What the operator may look for: the order, the hostname, the first names of the leaves, the serial
/// numbers.
fn aliases(
    event: &CertificateEvent,
    leaves: &[Certificate],
    serials: &[String],
) -> BTreeSet<String> {
    let identifiers = &event.data.identifiers;
    let order = identifiers.get("order_id").and_then(Value::as_u64).map(ports::alias::order);
    let hostname = identifiers.get("hostname").and_then(Value::as_str);
    let dns = leaves.iter().filter_map(|leaf| leaf.names.as_ref()).flat_map(|names| &names.dns);
    let names = hostname.into_iter().chain(dns.map(String::as_str).take(NAMES));
    let names = names.filter(|name| name.len() <= LONGEST).map(ports::alias::name);
    let serials = serials.iter().map(|serial| ports::alias::serial(serial));
    order.into_iter().chain(names).chain(serials).collect()
}
