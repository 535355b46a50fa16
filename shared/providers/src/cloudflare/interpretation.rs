use envelope::{Envelope, EventType, Provider};
use serde_json::{Map, Value};

use super::document::hostname::Hostname;
use super::document::{Content, Document};
use super::profile::is_id;
use crate::interpretation::{Interpretation, Plan};
use crate::naming::{UNKNOWN, event_name, is_short, segment};

/// Interprets a Cloudflare notification.
pub fn interpret(envelope: &Envelope) -> Interpretation {
    let document = match Content::of(&envelope.data) {
        Content::Event(document) => document,
        Content::Test | Content::Unknown => Document::default(),
    };
    interpret_document(&document)
}

pub(super) fn interpret_document(document: &Document<'_>) -> Interpretation {
    let kind = document.event_suffix().map_or(EventType::Unrecognised, kind);
    let hostname = Hostname::new(document.data());
    Interpretation {
        provider: Provider::CLOUDFLARE,
        event: event_name(&document.event),
        kind,
        subject: subject(document, &hostname),
        identifiers: identifiers(document, &hostname),
        plan: plan(kind, document, &hostname),
        problems: hostname.problems(),
        dcv: hostname.dcv(),
        certificates: hostname.certificates(),
        pem: None,
        challenge: None,
    }
}

/// The type of an event, for the eleven events of "Webhook data definitions". `renewal.succeeded`
/// leads to `pending_deployment`: the new certificate is not live yet.
fn kind(event_suffix: &str) -> EventType {
    match event_suffix {
        "validation.succeeded" => EventType::DomainValidated,
        "validation.failed" => EventType::DomainValidationFailed,
        "issuance.succeeded" => EventType::CertificateIssued,
        "issuance.failed" => EventType::CertificateIssuanceFailed,
        "deployment.succeeded" => EventType::CertificateDeployed,
        "deployment.failed" => EventType::CertificateDeploymentFailed,
        "deletion.succeeded" => EventType::CertificateDeleted,
        "deletion.failed" => EventType::CertificateDeletionFailed,
        "renewal.upcoming_certificate_expiration_notification" => EventType::CertificateExpiring,
        "renewal.succeeded" => EventType::CertificateRenewed,
        "renewal.failed" => EventType::CertificateRenewalFailed,
        _ => EventType::Unrecognised,
    }
}

/// Nothing can be asked for a certificate that is no longer attached to a hostname: its events have
/// neither hostname nor id ("Webhook data definitions", section "Troubleshooting").
fn plan(kind: EventType, document: &Document<'_>, hostname: &Hostname<'_>) -> Plan {
    let is_orphan = hostname.members().get("id").is_none_or(|id| id.get() == r#""""#);
    if matches!(kind, EventType::Unrecognised | EventType::CertificateDeleted) || is_orphan {
        return Plan::NotNeeded;
    }
    let hostname_id = hostname.members().text("id").filter(|id| is_id(id));
    match (document.zone_id(), hostname_id) {
        (Some(_), Some(_)) => Plan::CallBack,
        _ => Plan::UnusableId,
    }
}

fn subject(document: &Document<'_>, hostname: &Hostname<'_>) -> String {
    if let Some(name) = hostname.members().text("hostname") {
        return format!("cloudflare/hostname/{}", segment(&name));
    }
    match (hostname.certificate_id(), document.event_suffix()) {
        (Some(id), _) => format!("cloudflare/certificate/{}", segment(&id)),
        (None, Some(_)) => format!("cloudflare/certificate/{UNKNOWN}"),
        (None, None) => format!("cloudflare/alert/{}", segment(&document.event)),
    }
}

/// The hostname, and the ids that are usable.
fn identifiers(document: &Document<'_>, hostname: &Hostname<'_>) -> Map<String, Value> {
    let of_metadata = |name| document.metadata(name)?.text("id");
    let ids = [
        ("hostname_id", hostname.members().text("id")),
        ("zone_id", of_metadata("zone")),
        ("account_id", of_metadata("account")),
        ("certificate_id", hostname.certificate_id()),
    ];
    let usable = |(name, id): (_, Option<String>)| Some((name, id.filter(|id| is_id(id))?));
    let name = hostname.members().text("hostname").filter(|name| is_short(name));
    let name = name.map(|name| ("hostname", name));
    let named = name.into_iter().chain(ids.into_iter().filter_map(usable));
    named.map(|(name, id)| (name.to_owned(), Value::from(id))).collect()
}
