use serde_json::{Map, Value};

use super::Document;
use crate::json::{self, Members};
use crate::naming::{is_short, segment};

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
