//! What Cert Spotter found in the logs for a domain ("CT Search API"): every issuance, also of keys and certificates of
//! which its webhook says nothing because they were authorised. Pure: requests out, answers in.

use http::Method;
use serde_json::json;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::document::Content;
use super::receiver;
use super::refusal::{refusal, unreadable};
use crate::api::{Answer, Request};
use crate::json::{self, Members};
use crate::occurrence::Occurrence;
use crate::receiver::Receipt;
use crate::refusal::Refusal;

/// Setting: the domains whose issuances are listed, comma-separated.
pub const DOMAINS_VARIABLE: &str = "CERTSPOTTER_DOMAINS";

/// The members of an issuance that are sent only if they are asked for, and one of its issuer.
const EXPANDED: [&str; 5] =
    ["dns_names", "issuer", "issuer.caa_domains", "problem_reporting", "cert_der"];

/// The longest id of an issuance that is passed on. Ids are opaque.
const ID_LIMIT: usize = 255;

/// One issuance of a list.
#[derive(Clone, Debug)]
pub struct ListedIssuance {
    pub id: String,
    pub tbs_sha256: Option<String>,
    pub dns_names: Vec<String>,
    pub not_after: Option<String>,
    /// The name of the issuer, as Cert Spotter writes it.
    pub issuer: Option<String>,
    data: Box<RawValue>,
}

/// "List Issuances for a Domain": those after an id, oldest first, with subdomains. The last page is empty.
pub fn issuances(domain: &str, after: Option<&str>) -> Request {
    let fixed = [("domain", domain), ("include_subdomains", "true"), ("match_wildcards", "true")];
    let expanded = EXPANDED.map(|member| ("expand", member));
    let after = after.map(|id| ("after", id));
    let query = fixed.into_iter().chain(expanded).chain(after);
    let query = query.map(|(name, value)| (name, value.to_owned())).collect();
    Request { query, ..Request::new(Method::GET, ["issuances"]) }
}

/// # Errors
/// The [`Refusal`] says why the page cannot be read. An issuance without an id is none that a further page could
/// follow.
pub fn classify_issuances(answer: &Answer<'_>) -> Result<Vec<ListedIssuance>, Refusal> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    let listed: Option<Vec<&RawValue>> = serde_json::from_slice(answer.body).ok();
    let listed = listed.ok_or_else(|| unreadable(answer))?;
    let issuances = listed.into_iter().map(ListedIssuance::of).collect::<Option<_>>();
    issuances.ok_or_else(|| unreadable(answer))
}

impl ListedIssuance {
    fn of(issuance: &RawValue) -> Option<Self> {
        let members = Members::of(issuance)?;
        let names = members.list("dns_names").unwrap_or_default();
        Some(Self {
            id: members.text("id").filter(|id| (1..=ID_LIMIT).contains(&id.len()))?,
            tbs_sha256: members.text("tbs_sha256"),
            dns_names: names.into_iter().filter_map(json::text).collect(),
            not_after: members.text("not_after"),
            issuer: members.object("issuer").and_then(|issuer| issuer.text("name")),
            data: issuance.to_owned(),
        })
    }

    /// The event that the webhook would have sent, had the certificate been unknown to Cert Spotter.
    pub fn occurrence(&self, domain: &str, now: OffsetDateTime) -> Option<Occurrence> {
        let name = |name: &String| json!({"dns_name": name, "monitored_domain": domain});
        let endpoints: Vec<_> = self.dns_names.iter().map(name).collect();
        let document = json!({"id": self.id, "endpoints": endpoints, "issuance": self.data});
        let data = RawValue::from_string(document.to_string()).ok()?;
        let receipt = Receipt { at: now, traceparent: None };
        let event = receiver::event(&Content::of(&data), &data, &receipt);
        Some(Occurrence::new(event.envelope, Vec::new()))
    }
}

/// The domains of the setting, each once.
///
/// # Errors
/// What is wrong with it, for people.
pub fn domains(text: &str) -> Result<Vec<String>, String> {
    let domains = text.split(',').map(str::trim).filter(|domain| !domain.is_empty());
    let mut domains: Vec<_> = domains.map(str::to_ascii_lowercase).collect();
    domains.sort_unstable();
    domains.dedup();
    let is_name = |domain: &String| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        domain.contains('.') && domain.len() <= 253 && domain.bytes().all(is_allowed)
    };
    match domains.iter().find(|domain| !is_name(domain)) {
        Some(wrong) => Err(format!("`{wrong}` is not a domain, such as example.com")),
        None if domains.is_empty() => Err("names no domain".to_owned()),
        None => Ok(domains),
    }
}
