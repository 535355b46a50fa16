use std::collections::BTreeSet;

use envelope::{Certificate, CertificateEvent};
use ports::{Entry, HistoryRecord, Stages};
use providers::interpretation::number;
use providers::lifecycle::Lifecycle;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// How long the state and history of a certificate are kept after its last event. This is longer than
/// the longest validity of a public certificate (398 days where it was issued before 2026-03-15, 200
/// since; CA/Browser Forum Baseline Requirements, 6.3.2).
pub(crate) const STATE_RETENTION: Duration = Duration::days(400);

/// The maximum number of DNS names by which the history of a certificate is found.
const MAX_NAMES: usize = 10;
/// The maximum number of DNS names in an entry, since the sender decides how many there are.
const MAX_ENTRY_NAMES: usize = 100;
/// The maximum length of a name, serial number or id. A longer value is not a valid one (RFC 1035,
/// 2.3.4).
const MAX_LENGTH: usize = 255;

/// The record of this event in the history of its certificate; `None` when the id is too long for a
/// key. An event of this provider has `max_leaves` leaf certificates at most.
pub(crate) fn history_record(
    lifecycle: Lifecycle,
    event: &CertificateEvent,
    max_leaves: usize,
    stages: Stages,
    now: OffsetDateTime,
) -> Option<HistoryRecord> {
    let certificates = &event.data.certificates;
    let leaves = certificates.get(..max_leaves).unwrap_or(certificates);
    let serials = leaves.iter().filter_map(|leaf| leaf.serial_number.clone());
    let serial_numbers: Vec<_> = serials.filter(|serial| serial.len() <= MAX_LENGTH).collect();
    let short = |value: &Value| value.as_str().is_none_or(|text| text.len() <= MAX_LENGTH);
    let identifiers = event.data.identifiers.clone().into_iter();
    let of_leaf = |of: fn(&Certificate) -> Option<&String>| {
        leaves.first().and_then(of).filter(|text| text.len() <= MAX_LENGTH).cloned()
    };
    (event.id.len() <= MAX_LENGTH).then(|| HistoryRecord {
        aliases: aliases(event, leaves, &serial_numbers),
        certificate: lifecycle.certificate,
        kept_until: now + STATE_RETENTION,
        entry: Entry {
            id: event.id.clone(),
            kind: event.kind.clone(),
            event: event.data.event.clone(),
            subject: event.subject.clone(),
            provider: Some(event.data.provider),
            time: event.time,
            received: event.receivedtime,
            delivered: now,
            stages: Some(stages),
            callback: event.data.callback.clone(),
            ordering: event.ordering.clone(),
            reconciled: event.reconciled,
            replayed: event.replayed,
            conflict: event.conflict,
            identifiers: identifiers.filter(|(_, value)| short(value)).collect(),
            name: of_leaf(|leaf| leaf.names.as_ref()?.dns.first()),
            names: leaves.first().map(names).unwrap_or_default(),
            key: leaves.first().and_then(key),
            tbs_sha256: of_leaf(|leaf| leaf.tbs_sha256.as_ref()),
            issuer: of_leaf(|leaf| leaf.issuer.as_ref().or(leaf.certificate_authority.as_ref())),
            not_before: of_leaf(|leaf| leaf.not_before.as_ref()),
            not_after: of_leaf(|leaf| leaf.not_after.as_ref()),
            serial_numbers,
        },
    })
}

/// The DNS names of a certificate that has several.
fn names(leaf: &Certificate) -> Vec<String> {
    let dns = leaf.names.as_ref().map_or(&[][..], |names| &names.dns);
    let names = dns.iter().filter(|name| dns.len() > 1 && name.len() <= MAX_LENGTH);
    names.take(MAX_ENTRY_NAMES).cloned().collect()
}

/// The algorithm of a certificate's key, with its size where the name does not tell it.
fn key(leaf: &Certificate) -> Option<String> {
    let algorithm = leaf.key_algorithm.as_deref().filter(|name| name.len() <= MAX_LENGTH)?;
    match leaf.key_bits.filter(|_| algorithm == "RSA") {
        Some(bits) => Some(format!("{algorithm} {bits}")),
        None => Some(algorithm.to_owned()),
    }
}

/// The keys under which the operator can look the history up: the order, the hostname, the first
/// names of the leaves, and the serial numbers.
fn aliases(
    event: &CertificateEvent,
    leaves: &[Certificate],
    serials: &[String],
) -> BTreeSet<String> {
    let identifiers = &event.data.identifiers;
    let order = number(identifiers, "order_id").map(ports::alias::order);
    let hostname = identifiers.get("hostname").and_then(Value::as_str);
    let dns = leaves.iter().filter_map(|leaf| leaf.names.as_ref()).flat_map(|names| &names.dns);
    let names = hostname.into_iter().chain(dns.map(String::as_str).take(MAX_NAMES));
    let names = names.filter(|name| name.len() <= MAX_LENGTH).map(ports::alias::name);
    let serials = serials.iter().map(|serial| ports::alias::serial(serial));
    order.into_iter().chain(names).chain(serials).collect()
}
