use std::sync::PoisonError;

use anyhow::Result;
use serde_json::{Map, Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::parameters::Parameters;
use crate::answers::moment;
use crate::authority::{Curve, number_of};
use crate::fault::Fault;
use crate::pem::{self, Extent, LineEnding};
use crate::world::{World, is_hostname};

/// No colon in the offset: RFC 3339 parsers refuse it.
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+0000");

/// Without `fields`: what the documented sample has. `id` always comes.
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

/// A certificate that the logs have for a domain.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(super) domain: String,
    /// Which of the domain's, from 0.
    pub(super) number: u32,
}

impl Observed {
    pub(super) fn find(world: &World, id: u64) -> Self {
        let observed = world.observed.lock().unwrap_or_else(PoisonError::into_inner).find(&id);
        observed.unwrap_or_else(|| {
            let domain = world.app.kept().domains.first().map(|first| first.to_ascii_lowercase());
            let domain = domain.unwrap_or_else(|| "example.com".to_owned());
            let number = u32::try_from(id % u64::from(u32::MAX)).unwrap_or_default();
            Self { domain, number }
        })
    }

    pub(super) fn remember(&self, world: &World, id: u64) {
        let mut observed = world.observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.keep(id, self.clone());
    }

    pub(super) fn id(&self) -> u64 {
        id_of(&format!("certificate/{}/{}", self.domain, self.number))
    }

    pub(super) fn node(
        &self,
        world: &World,
        id: u64,
        fields: &[&str],
        fault: Option<&Fault>,
    ) -> Result<Value> {
        let name = format!("www-{}.{}", self.number, self.domain);
        let names = vec![name.clone(), format!("*.{name}")];
        let key = format!("meta/{name}");
        let issued = world.authority.issue(&key, names, Curve::of(u64::from(self.number) + 1))?;
        let mut node = Map::from_iter([("id".to_owned(), Value::String(id.to_string()))]);
        for field in fields.iter().filter(|field| **field != "id") {
            let value = match *field {
                "cert_hash_sha256" => json!(issued.sha256()),
                "domains" => json!(issued.names),
                "issuer_name" => json!(issued.issuer),
                "subject_name" => json!(issued.subject),
                "certificate_pem" => {
                    let (extent, ending) = (Extent::Leaf, LineEnding::Lf);
                    json!(pem::chain(&world.authority, &issued, extent, ending, fault)?)
                }
                "not_valid_before" => json!(moment(issued.not_before, DATE_TIME)?),
                _ => json!(moment(issued.not_after, DATE_TIME)?),
            };
            node.insert((*field).to_owned(), value);
        }
        Ok(Value::Object(node))
    }
}

/// The fields asked for; an error is the text for code 100.
pub(super) fn fields(parameters: &Parameters) -> Result<Vec<&str>, String> {
    let Some(asked) = parameters.get("fields").filter(|asked| !asked.is_empty()) else {
        return Ok(DEFAULT_FIELDS.to_vec());
    };
    let fields: Vec<_> = asked.split(',').map(str::trim).collect();
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

/// Sixteen digits, as the documented sample has them.
pub(super) fn id_of(text: &str) -> u64 {
    const SIXTEEN_DIGITS: u128 = 10_u128.pow(15);
    let id = SIXTEEN_DIGITS + number_of(text) % (9 * SIXTEEN_DIGITS);
    u64::try_from(id).unwrap_or(u64::MAX)
}
