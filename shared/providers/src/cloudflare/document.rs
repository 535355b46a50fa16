pub(super) mod hostname;

use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::profile::{CUSTOM_HOSTNAMES_ALERT, is_id};
use crate::envelope_builder::plausible;
use crate::json::{self, Members};

/// What the names of SSL alerts begin with, whatever the alert is about.
const SSL: &str = "ssl.";
/// Prefix of the eleven event names of "Webhook data definitions".
const CUSTOM_HOSTNAME: &str = "ssl.custom_hostname_certificate.";
/// Prefixes of the same events of a zone's own certificates: Universal SSL, and Advanced certificates.
const ZONE: [&str; 2] = ["ssl.certificate.", "ssl.dedicated_certificate."];

/// The document of "Webhook data definitions" (`metadata` and `data`), without the notification
/// that generic webhooks wrap around it ("Configure webhooks", section "Generic webhooks").
#[derive(Default)]
pub(crate) struct Document<'a> {
    pub(crate) event: String,
    /// Another alert than an SSL alert. `data` is then the whole member `data` of the notification.
    is_other: bool,
    metadata: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
}

/// The content of a verified body.
pub(crate) enum Content<'a> {
    Event(Document<'a>),
    /// The message that Cloudflare sends when a destination is saved ("Configure webhooks").
    Test,
    /// Neither an event nor a test message.
    Unknown,
}

impl<'a> Content<'a> {
    /// Any member may be `null`, empty, missing or of another type, as received test messages of
    /// sibling alerts show. What the document itself says it is counts more than the alert around it.
    pub(crate) fn of(document: &'a RawValue) -> Self {
        let Some(root) = Members::of(document) else { return Self::Unknown };
        let alert = root.text("alert_type");
        let inner = wrapped(&root).or_else(|| bare(&root)).or_else(|| flat(&root));
        let is_ssl = |inner: &Document<'_>| {
            let is_of_custom_hostnames =
                || alert.as_ref().is_none_or(|alert| alert == CUSTOM_HOSTNAMES_ALERT);
            inner.event.starts_with(SSL) || is_of_custom_hostnames()
        };
        match (inner, alert.clone()) {
            (Some(inner), _) if is_ssl(&inner) => Self::Event(inner),
            (inner, Some(event)) => {
                let metadata = inner.and_then(|inner| inner.metadata);
                Self::Event(Document { event, is_other: true, metadata, data: root.get("data") })
            }
            (_, None) if is_test(&root) => Self::Test,
            (_, None) => Self::Unknown,
        }
    }
}

/// Whether it is the test message, by its shape: its wording differs between "Configure webhooks"
/// and published recordings of it.
fn is_test(root: &Members<'_>) -> bool {
    let absent = |name| root.get(name).is_none();
    root.text("text").is_some() && absent("data") && absent("metadata") && absent("alert_type")
}

impl<'a> Document<'a> {
    /// What happened to a certificate: the event's name after its prefix. `None` for an event of another
    /// kind.
    pub(crate) fn event_suffix(&self) -> Option<&str> {
        let of_zone = || ZONE.iter().find_map(|prefix| self.event.strip_prefix(prefix));
        let suffix = self.event.strip_prefix(CUSTOM_HOSTNAME).or_else(of_zone);
        suffix.filter(|_| !self.is_other)
    }

    pub(crate) fn is_ssl(&self) -> bool {
        !self.is_other && self.event.starts_with(SSL)
    }

    /// An id by what happened, to which hostname or certificate of which zone, and when. `None` where the
    /// document does not say when, or to what.
    pub(crate) fn likeness(&self) -> Option<String> {
        let created_at = self.created_at()?.unix_timestamp_nanos().to_string();
        let data = self.data();
        let certificate = || data.object("ssl")?.text("id").or_else(|| data.text("id"));
        let what = data.text("hostname").or_else(certificate).or_else(|| data.text("id"))?;
        let zone = self.zone_id()?;
        let parts = ["cloudflare", "likeness", &self.event, &zone, &what, &created_at];
        self.is_ssl().then(|| json::id(&parts))
    }

    pub(crate) fn is_other(&self) -> bool {
        self.is_other
    }

    /// Whether it is about a certificate of the zone itself, and not of a custom hostname.
    pub(crate) fn is_of_zone(&self) -> bool {
        !self.is_other && ZONE.iter().any(|prefix| self.event.starts_with(prefix))
    }

    pub(crate) fn metadata(&self, name: &str) -> Option<Members<'a>> {
        Members::of(self.metadata?)?.object(name)
    }

    pub(crate) fn data(&self) -> Members<'a> {
        self.data.and_then(Members::of).unwrap_or_default()
    }

    /// The zone's id, if it is usable. Other alerts have it in their `data`, if at all.
    pub(crate) fn zone_id(&self) -> Option<String> {
        let data = self.data();
        // The data of another alert may have the same members one level further in.
        let inner = || data.object("metadata")?.object("zone")?.text("id");
        let of_metadata = || self.metadata("zone")?.text("id");
        let of_data = || data.text("zone_id").or_else(|| data.object("zone")?.text("id"));
        of_metadata().or_else(inner).or_else(of_data).filter(|id| is_id(id))
    }

    pub(crate) fn created_at(&self) -> Option<OffsetDateTime> {
        let created_at = self.metadata("event")?.text("created_at")?;
        plausible(OffsetDateTime::parse(&created_at, &Rfc3339).ok()?)
    }

    /// The derived id. It is the same for a document that came wrapped or bare. Cloudflare sends
    /// `.failed` events again on each DCV retry, and `event.id` may be the same in every delivery
    /// ("Webhook data definitions" calls it a webhook id), so the content distinguishes events. Of another
    /// alert it is the alert's name and `data`, since the rest is the notification's own; without `data`
    /// the `whole` body.
    pub(crate) fn id(&self, whole: &RawValue) -> String {
        let part = json::canonical_or_null;
        match (self.is_other, self.data) {
            (true, Some(data)) => json::id(&["cloudflare", &self.event, &json::canonical(data)]),
            (true, None) => json::id(&["cloudflare", &json::canonical(whole)]),
            (false, _) => json::id(&["cloudflare", &part(self.metadata), &part(self.data)]),
        }
    }
}

/// The document in the member `data` of a notification.
fn wrapped<'a>(root: &Members<'a>) -> Option<Document<'a>> {
    bare(&root.object("data")?)
}

/// The document as "Webhook data definitions" prints it.
fn bare<'a>(members: &Members<'a>) -> Option<Document<'a>> {
    let event = members.object("metadata")?.object("event")?.text("type")?;
    let (metadata, data) = (members.get("metadata"), members.get("data"));
    Some(Document { event, is_other: false, metadata, data })
}

/// A document with `data.event_type`, as the schema of a sibling alert has it.
fn flat<'a>(root: &Members<'a>) -> Option<Document<'a>> {
    let event = root.object("data")?.text("event_type")?;
    Some(Document { event, is_other: false, metadata: None, data: root.get("data") })
}
