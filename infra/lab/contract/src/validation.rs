use anyhow::{Context, Result};
use envelope::{Checks, Code};
use jsonschema::Validator;
use serde_json::Value;

use crate::doc::Doc;
use crate::schema;

/// Checks messages of the deliveries queue against the schema that consumers have, and strictly against all that the
/// descriptions promise.
pub struct Contract {
    consumers: Validator,
    strict: Validator,
    data: Value,
}

impl Contract {
    /// # Errors
    /// The generated schema is none.
    pub fn new() -> Result<Self> {
        Ok(Self {
            consumers: validator(&schema::bundle())?,
            strict: validator(&schema::strict())?,
            data: schema::data(),
        })
    }

    /// One sentence for each way in which a message breaks the contract.
    pub fn violations(&self, message: &Value) -> Vec<String> {
        let validated = |validator: &Validator, which: &str| -> Vec<String> {
            let errors = validator.iter_errors(message);
            errors.map(|error| format!("{which}: {}: {error}", error.instance_path())).collect()
        };
        let mut found = validated(&self.consumers, "schema");
        found.extend(validated(&self.strict, "strict schema"));
        found.extend(codes(message));
        found.extend(self.sources(message));
        found
    }

    /// Members that came from a provider of which the description says that it does not give them.
    fn sources(&self, message: &Value) -> Vec<String> {
        let data = &message["data"];
        let provider = data["provider"].as_str().unwrap_or_default();
        let has_pem = data["pem_chain"].is_string() || names_pem(&data["offloaded"]);
        let mut found = Vec::new();
        let mut compare = |schema: &Value, value: &Value, path: &str, has_pem: bool| {
            let members = schema["properties"].as_object().into_iter().flatten();
            for (name, member) in members.filter(|(name, _)| !value[name.as_str()].is_null()) {
                if !Doc::of(member).is_from(provider, has_pem) {
                    found.push(format!(
                        "{path}.{name}: the schema says that {provider} does not give it; if it does, say so \
                         after `From:` in shared/envelope/src/data.rs"
                    ));
                }
            }
        };
        let defined = |name: &str| &self.data["$defs"][name];
        compare(&self.data, data, "data", has_pem);
        compare(defined("Identifiers"), &data["identifiers"], "data.identifiers", has_pem);
        for certificate in data["certificates"].as_array().into_iter().flatten() {
            compare(defined("Certificate"), certificate, "data.certificates[]", has_pem);
        }
        for certificate in data["related"].as_array().into_iter().flatten() {
            compare(defined("Certificate"), certificate, "data.related[]", false);
        }
        found
    }
}

fn names_pem(offloaded: &Value) -> bool {
    offloaded["members"]
        .as_array()
        .is_some_and(|names| names.iter().any(|name| name == "pem_chain"))
}

/// Codes that the list of the check does not have.
fn codes(message: &Value) -> Vec<String> {
    let checks = message["data"]["checks"].as_object().into_iter().flatten();
    let is_listed = |name: &str, code: &str| {
        let own = Checks::CODES.iter().filter(|(check, _)| *check == name);
        let own = own.flat_map(|(_, codes)| codes.iter());
        own.chain(Checks::COMMON_CODES).any(|listed: &Code| listed.as_str() == code)
    };
    checks
        .filter_map(|(name, check)| Some((name, check["code"].as_str()?)))
        .filter(|(name, code)| !is_listed(name, code))
        .map(|(name, code)| format!("data.checks.{name}: `{code}` is no code of this check"))
        .collect()
}

pub(crate) fn validator(schema: &Value) -> Result<Validator> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("the generated schema")
}
