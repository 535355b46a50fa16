use std::collections::HashMap;

use anyhow::Result;
use axum::http::Uri;
use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::paging::Page;
use super::replies::{bad_parameter, found, unknown_object};
use super::state::{MetaState, ObservedCertificate, id_of};
use crate::authority::{Authority, Curve};
use crate::chain::{self, Extent, LineEnding};
use crate::fault::Fault;
use crate::hostname::is_hostname;
use crate::responses::HandlerResult;

pub(super) type Parameters = HashMap<String, String>;

/// The offset has no colon, so parsers of RFC 3339 refuse it.
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+0000");

/// The fields of a response to a request without `fields`, as in the documented sample. `id` is always
/// included.
const DEFAULT_FIELDS: [&str; 4] = ["cert_hash_sha256", "domains", "issuer_name", "certificate_pem"];
const FIELDS: [&str; 8] = [
    "id",
    "cert_hash_sha256",
    "domains",
    "issuer_name",
    "subject_name",
    "certificate_pem",
    "not_valid_before",
    "not_valid_after",
];

/// A request for data.
pub(super) struct GraphRequest<'a> {
    pub(super) state: &'a MetaState,
    pub(super) parameters: &'a Parameters,
    pub(super) uri: &'a Uri,
    pub(super) fault: Option<&'a Fault>,
}

impl GraphRequest<'_> {
    /// The certificates of a domain.
    pub(super) fn certificates(&self) -> HandlerResult {
        let (domain, page, fields) = self.search().map_err(bad_parameter)?;
        let shared = &self.state.shared;
        let total = match self.fault {
            Some(Fault::NotReady) => 0,
            _ => shared.settings.certificates_per_domain,
        };
        let entry = |number| {
            let certificate = ObservedCertificate { domain: domain.clone(), number };
            let id = certificate.id();
            self.state.remember(id, &certificate);
            node(&shared.authority, &certificate, id, &fields, self.fault)
        };
        let entries = page.numbers(total).map(entry).collect::<anyhow::Result<Vec<Value>>>()?;
        Ok(found(page.body(entries, total, shared.address, self.uri)))
    }

    /// The domain, the page and the fields of a search; an error is the text for code 100.
    fn search(&self) -> Result<(String, Page, Vec<&str>), String> {
        let domain = self.parameters.get("query").filter(|query| is_domain(query));
        let domain = domain.ok_or("Param query must be a valid domain")?.to_ascii_lowercase();
        Ok((domain, Page::parse(self.parameters)?, fields(self.parameters)?))
    }

    /// A certificate by its id. An id that `/certificates` never returned is a certificate of the first
    /// subscribed domain, so that events with any id find one.
    pub(super) fn certificate(&self, id: &str) -> HandlerResult {
        let Some(number) = id.parse().ok().filter(|number| *number > 0) else {
            return Ok(unknown_object(id));
        };
        let fields = fields(self.parameters).map_err(bad_parameter)?;
        if self.fault == Some(&Fault::NotReady) {
            return Ok(unknown_object(id));
        }
        let certificate = self.state.certificate(number);
        let authority = &self.state.shared.authority;
        Ok(found(node(authority, &certificate, number, &fields, self.fault)?))
    }

    /// The subscribed domains of the app.
    pub(super) fn subscribed_domains(&self) -> HandlerResult {
        let page = Page::parse(self.parameters).map_err(bad_parameter)?;
        let domains = &self.state.shared.settings.subscribed_domains;
        let total = u32::try_from(domains.len())?;
        let id = |domain: &String| id_of(&format!("domain/{domain}")).to_string();
        let entry = |domain: &String| json!({"domain": domain, "id": id(domain)});
        let range = page.numbers(total);
        let selected = domains.iter().skip(range.start as usize).take(range.len());
        let entries: Vec<Value> = selected.map(entry).collect();
        Ok(found(page.body(entries, total, self.state.shared.address, self.uri)))
    }
}

/// A certificate as a node of the Graph API, with the given fields and the id.
fn node(
    authority: &Authority,
    certificate: &ObservedCertificate,
    id: u64,
    fields: &[&str],
    fault: Option<&Fault>,
) -> Result<Value> {
    let name = format!("www-{}.{}", certificate.number, certificate.domain);
    let names = vec![name.clone(), format!("*.{name}")];
    let curve = Curve::of(u64::from(certificate.number) + 1);
    let issued = authority.issue(&format!("meta/{name}"), names, curve)?;
    let mut node = Map::from_iter([("id".to_owned(), Value::String(id.to_string()))]);
    for field in fields.iter().filter(|field| **field != "id") {
        let value = match *field {
            "cert_hash_sha256" => json!(issued.sha256()),
            "domains" => json!(issued.names),
            "issuer_name" => json!(issued.issuer),
            "subject_name" => json!(issued.subject),
            "certificate_pem" => {
                json!(chain::text(authority, &issued, Extent::Leaf, LineEnding::Lf, fault)?)
            }
            "not_valid_before" => json!(issued.not_before.format(DATE_TIME)?),
            _ => json!(issued.not_after.format(DATE_TIME)?),
        };
        node.insert((*field).to_owned(), value);
    }
    Ok(Value::Object(node))
}

/// The requested fields; an error is the text for code 100.
fn fields(parameters: &Parameters) -> Result<Vec<&str>, String> {
    let Some(requested) = parameters.get("fields").filter(|fields| !fields.is_empty()) else {
        return Ok(DEFAULT_FIELDS.to_vec());
    };
    let fields: Vec<_> = requested.split(',').map(str::trim).collect();
    match fields.iter().find(|field| !FIELDS.contains(field)) {
        Some(unknown) => {
            Err(format!("Tried accessing nonexisting field ({unknown}) on node type (Certificate)"))
        }
        None => Ok(fields),
    }
}

fn is_domain(query: &str) -> bool {
    !query.starts_with("*.") && is_hostname(query)
}
