use anyhow::Result;
use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::parameters::Parameters;
use super::state::ObservedCertificate;
use crate::authority::{Authority, Curve};
use crate::chain::{self, Extent, LineEnding};
use crate::fault::Fault;
use crate::hostname::is_hostname;

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

/// A certificate as a node of the Graph API, with the given fields and the id.
pub(super) fn node(
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
pub(super) fn fields(parameters: &Parameters) -> Result<Vec<&str>, String> {
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

pub(super) fn is_domain(query: &str) -> bool {
    !query.starts_with("*.") && is_hostname(query)
}
