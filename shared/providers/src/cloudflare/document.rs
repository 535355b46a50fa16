pub(super) mod hostname;

use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::profile::{CUSTOM_HOSTNAMES_ALERT, is_id};
use crate::envelope_builder::plausible;
use crate::json::{self, Members};

/// Prefix of the eleven event names of "Webhook data definitions".
const PREFIX: &str = "ssl.custom_hostname_certificate.";

/// The document of "Webhook data definitions" (`metadata` and `data`), without the notification
/// that generic webhooks wrap around it ("Configure webhooks", section "Generic webhooks").
#[derive(Default)]
pub(crate) struct Document<'a> {
    pub(crate) event: String,
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
    /// sibling alerts show.
    pub(crate) fn of(document: &'a RawValue) -> Self {
        let Some(root) = Members::of(document) else { return Self::Unknown };
        let alert = root.text("alert_type");
        if let Some(inner) = wrapped(&root).or_else(|| bare(&root)).or_else(|| flat(&root))
            && (inner.event_suffix().is_some()
                || alert.as_ref().is_none_or(|alert| alert == CUSTOM_HOSTNAMES_ALERT))
        {
            return Self::Event(inner);
        }
        match alert {
            Some(event) => Self::Event(Document { event, metadata: None, data: None }),
            None if is_test(&root) => Self::Test,
            None => Self::Unknown,
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
    /// The event's name after [`PREFIX`]. `None` for an event of another kind.
    pub(crate) fn event_suffix(&self) -> Option<&str> {
        self.event.strip_prefix(PREFIX)
    }

    pub(crate) fn metadata(&self, name: &str) -> Option<Members<'a>> {
        Members::of(self.metadata?)?.object(name)
    }

    pub(crate) fn data(&self) -> Members<'a> {
        self.data.and_then(Members::of).unwrap_or_default()
    }

    /// The zone's id, if it is usable.
    pub(crate) fn zone_id(&self) -> Option<String> {
        self.metadata("zone")?.text("id").filter(|id| is_id(id))
    }

    pub(crate) fn created_at(&self) -> Option<OffsetDateTime> {
        let created_at = self.metadata("event")?.text("created_at")?;
        plausible(OffsetDateTime::parse(&created_at, &Rfc3339).ok()?)
    }

    /// The derived id. It is the same for a document that came wrapped or bare. Cloudflare sends
    /// `.failed` events again on each DCV retry, and `event.id` may be the same in every delivery
    /// ("Webhook data definitions" calls it a webhook id), so the content distinguishes events. For
    /// a notification of another kind the content is the `whole` body.
    pub(crate) fn id(&self, whole: &RawValue) -> String {
        if self.metadata.is_none() && self.data.is_none() {
            return json::id(&["cloudflare", &json::canonical(whole)]);
        }
        let part = json::canonical_or_null;
        json::id(&["cloudflare", &part(self.metadata), &part(self.data)])
    }
}

/// The document in the member `data` of a notification.
fn wrapped<'a>(root: &Members<'a>) -> Option<Document<'a>> {
    bare(&root.object("data")?)
}

/// The document as "Webhook data definitions" prints it.
fn bare<'a>(members: &Members<'a>) -> Option<Document<'a>> {
    let event = members.object("metadata")?.object("event")?.text("type")?;
    Some(Document { event, metadata: members.get("metadata"), data: members.get("data") })
}

/// A document with `data.event_type`, as the schema of a sibling alert has it.
fn flat<'a>(root: &Members<'a>) -> Option<Document<'a>> {
    let event = root.object("data")?.text("event_type")?;
    Some(Document { event, metadata: None, data: root.get("data") })
}
