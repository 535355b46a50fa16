use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json::{self, Members};
use crate::naming::{is_short, segment};

/// The test event, which "Send test notification" in the console and "Send test event" send
/// ("CertCentral webhooks", section "Create a webhook").
pub(crate) const TEST: &str = "test_webhook_endpoint";
/// The event that brings the ownership token ("CertCentral webhooks", section "Create a webhook").
pub(crate) const CHALLENGE: &str = "challenge_webhook_endpoint";

/// CertCentral's document: `event`, a string, and `data`, an object, which the test event does not
/// have ("CertCentral webhooks", section "Webhook events").
#[derive(Default)]
pub(crate) struct Document<'a> {
    pub(crate) event: String,
    /// As it came, of any JSON type.
    pub(crate) data: Option<&'a RawValue>,
    /// The members of `data`. Empty when `data` is no object.
    pub(crate) members: Members<'a>,
}

impl<'a> Document<'a> {
    /// `None` without an event name.
    pub(crate) fn of(document: &'a RawValue) -> Option<Self> {
        let document = Members::of(document)?;
        let data = document.get("data");
        let members = data.and_then(Members::of).unwrap_or_default();
        Some(Self { event: document.text("event")?, data, members })
    }

    /// A usable id. The samples have integers; ids are kept in 64 bits.
    pub(crate) fn id(&self, name: &str) -> Option<u64> {
        self.members.get(name).and_then(json::unsigned)
    }

    /// An id as part of a derived id. It is the same for `7`, `"7"` and `"007"`.
    pub(crate) fn id_part(&self, name: &str) -> String {
        let value = self.members.get(name);
        let id = value.and_then(json::unsigned).map(|id| id.to_string());
        id.unwrap_or_else(|| json::canonical_or_null(value))
    }
}

/// The usable ids and names in an event.
pub(crate) struct Ids {
    pub(crate) order: Option<u64>,
    pub(crate) certificate: Option<u64>,
    pub(crate) organization: Option<u64>,
    webhook: Option<u64>,
    domain: Option<u64>,
    domain_name: Option<String>,
}

impl Ids {
    /// `order_id`, `certificate_id` and `webhook_id` are documented ("CertCentral event types"). The data
    /// of domain, organization and approval events is not; their ids are looked up under the names
    /// that the Services API uses.
    pub(crate) fn of(document: &Document<'_>) -> Self {
        let data = &document.members;
        let about = |what: &str| document.event.starts_with(what);
        Self {
            order: nested_id(data, "order"),
            certificate: nested_id(data, "certificate"),
            organization: nested_id(data, "organization")
                .or_else(|| own_id(data, about("organization_"))),
            webhook: document.id("webhook_id"),
            domain: nested_id(data, "domain").or_else(|| own_id(data, about("domain_"))),
            domain_name: domain_name(data, about("domain_")),
        }
    }

    pub(crate) fn domain_subject(&self) -> Option<String> {
        let name = self.domain_name.as_deref().map(segment);
        let domain = name.or_else(|| self.domain.map(|id| id.to_string()))?;
        Some(format!("digicert/domain/{domain}"))
    }

    pub(crate) fn identifiers(&self) -> Map<String, Value> {
        let ids = [
            ("order_id", self.order),
            ("certificate_id", self.certificate),
            ("organization_id", self.organization),
            ("webhook_id", self.webhook),
            ("domain_id", self.domain),
        ];
        let ids =
            ids.into_iter().filter_map(|(name, id)| Some((name, Value::from(id?.to_string()))));
        let domain = self.domain_name.iter().map(|name| ("domain", Value::from(name.as_str())));
        ids.chain(domain).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The member `WHAT_id`, or the member `id` of the object `WHAT`.
fn nested_id(data: &Members<'_>, what: &str) -> Option<u64> {
    let nested = || data.object(what)?.get("id");
    data.get(&format!("{what}_id")).or_else(nested).and_then(json::unsigned)
}

/// The member `id` of `data`, in an event that is about this kind of thing.
fn own_id(data: &Members<'_>, is_about: bool) -> Option<u64> {
    is_about.then(|| data.get("id").and_then(json::unsigned))?
}

fn domain_name(data: &Members<'_>, is_about: bool) -> Option<String> {
    let nested = || data.object("domain")?.text("name");
    let own = || is_about.then(|| data.text("name"))?;
    let name =
        data.text("domain_name").or_else(|| data.text("domain")).or_else(nested).or_else(own);
    name.filter(|name| is_short(name))
}
