//! What breaks consumers that were written for an earlier schema of the same version.

use std::collections::{BTreeMap, BTreeSet};

use envelope::schema::FURTHER_WORD;
use serde_json::Value;

/// What a new schema does to consumers of the old one.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// One sentence for each change that breaks them.
    pub breaking: Vec<String>,
    /// Members that are described in other words. Whether their unit or meaning changed, a person has to judge.
    pub reworded: Vec<String>,
}

/// Compares two schemas of the whole message ([`schema::bundle`](crate::schema::bundle)). Consumers read messages, so that
/// what a message may hold must not widen, but for members and words that are new.
pub fn compare(old: &Value, new: &Value) -> Changes {
    let mut comparison =
        Comparison { old, new, seen: BTreeSet::new(), changes: Changes::default() };
    comparison.member("", old, new);
    comparison.changes
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// The definitions that were compared.
    seen: BTreeSet<(String, String)>,
    changes: Changes,
}

impl<'a> Comparison<'a> {
    fn member(&mut self, path: &str, old: &'a Value, new: &'a Value) {
        if old["description"] != new["description"] && !path.is_empty() {
            self.changes.reworded.push(path.to_owned());
        }
        let (old, old_name) = resolved(self.old, old);
        let (new, new_name) = resolved(self.new, new);
        let (old, was_null) = nullable(self.old, old);
        let (new, is_null) = nullable(self.new, new);
        if is_null && !was_null {
            self.breaks(path, "may be null now");
        }
        // A definition is compared once, wherever else it stands.
        if !old_name.is_empty() && !self.seen.insert((old_name, new_name)) {
            return;
        }
        self.form(path, old, new);
        self.words(path, old, new);
        self.properties(path, old, new);
        for inner in ["items", "additionalProperties"] {
            let is_schema = |schema: &Value| schema[inner].is_object();
            if is_schema(old) && is_schema(new) {
                let path = if inner == "items" { format!("{path}[]") } else { format!("{path}.*") };
                self.member(&path, &old[inner], &new[inner]);
            }
        }
    }

    /// The type, the format, the pattern, and the range.
    fn form(&mut self, path: &str, old: &Value, new: &Value) {
        let (before, now) = (types(old), types(new));
        if before != now {
            let (before, now) = (listed(&before), listed(&now));
            self.breaks(path, &format!("was {before} and is {now} now"));
        }
        for keyword in ["format", "pattern", "const"] {
            let is_narrowed = old[keyword].is_null();
            if old[keyword] != new[keyword] && !is_narrowed {
                let now = if new[keyword].is_null() {
                    "none".to_owned()
                } else {
                    new[keyword].to_string()
                };
                self.breaks(
                    path,
                    &format!("has another {keyword}: {} before, {now} now", old[keyword]),
                );
            }
        }
        let number = |schema: &Value, keyword: &str| schema[keyword].as_f64();
        let is_lower = number(old, "minimum")
            .is_some_and(|old| number(new, "minimum").is_none_or(|new| new < old));
        let is_higher = number(old, "maximum")
            .is_some_and(|old| number(new, "maximum").is_none_or(|new| new > old));
        if is_lower || is_higher {
            self.breaks(path, "has a wider range now");
        }
    }

    fn words(&mut self, path: &str, old: &Value, new: &Value) {
        let (Some((before, was_open)), Some((now, _))) = (words(old), words(new)) else { return };
        for word in before.difference(&now) {
            self.breaks(path, &format!("no longer has the word `{word}`"));
        }
        for word in now.difference(&before).filter(|_| !was_open) {
            self.breaks(path, &format!("has the new word `{word}`, and the set was a closed one"));
        }
    }

    fn properties(&mut self, path: &str, old: &'a Value, new: &'a Value) {
        let (before, now) = (properties(old), properties(new));
        for (name, old_member) in &before {
            let path = if path.is_empty() { (*name).clone() } else { format!("{path}.{name}") };
            let Some(new_member) = now.get(*name) else {
                self.breaks(&path, "was removed");
                continue;
            };
            if is_required(old, name) && !is_required(new, name) {
                self.breaks(&path, "may be absent now");
            }
            self.member(&path, old_member, new_member);
        }
    }

    fn breaks(&mut self, path: &str, how: &str) {
        let path = if path.is_empty() { "the message" } else { path };
        self.changes.breaking.push(format!(
            "{path} {how}: this breaks consumers; take it back, or move the version (`CertificateEvent::SCHEMA` in \
             shared/envelope/src/cloud_event.rs)"
        ));
    }
}

/// The schema that a reference refers to within its document, and its name.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> (&'a Value, String) {
    let Some(reference) = schema["$ref"].as_str() else { return (schema, String::new()) };
    let defined = match reference.strip_prefix("#/$defs/") {
        // Within the schema of `data`, which is one of the definitions of the message, or of the message itself.
        Some(name) => find(document, name),
        None => {
            let definitions = document["$defs"].as_object();
            definitions.into_iter().flat_map(|all| all.values()).find(|one| one["$id"] == reference)
        }
    };
    (defined.unwrap_or(schema), reference.to_owned())
}

fn find<'a>(document: &'a Value, name: &str) -> Option<&'a Value> {
    let definitions = document["$defs"].as_object()?;
    definitions.get(name).or_else(|| definitions.values().find_map(|within| find(within, name)))
}

/// The schema without its null, and whether it had one.
fn nullable<'a>(document: &'a Value, schema: &'a Value) -> (&'a Value, bool) {
    if let Some(kinds) = schema["type"].as_array() {
        return (schema, kinds.iter().any(|kind| kind == "null"));
    }
    let alternatives = schema["anyOf"].as_array();
    let Some(alternatives) = alternatives else { return (schema, schema["type"] == "null") };
    let is_null = |one: &&Value| one["type"] == "null";
    if !alternatives.iter().any(|one| is_null(&one)) {
        return (schema, false);
    }
    let rest = alternatives.iter().find(|one| !is_null(one)).unwrap_or(schema);
    (resolved(document, rest).0, true)
}

fn types(schema: &Value) -> BTreeSet<&str> {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ => Vec::new(),
    };
    kinds.into_iter().filter(|kind| *kind != "null").collect()
}

fn listed(kinds: &BTreeSet<&str>) -> String {
    match kinds.is_empty() {
        true => "of any type".to_owned(),
        false => kinds.iter().copied().collect::<Vec<_>>().join(" or "),
    }
}

/// The words of a set, and whether it is open.
fn words(schema: &Value) -> Option<(BTreeSet<&str>, bool)> {
    let alternatives = schema["anyOf"].as_array()?;
    let words: BTreeSet<_> = alternatives.iter().filter_map(|one| one["const"].as_str()).collect();
    let is_open = alternatives.iter().any(|one| one["description"] == FURTHER_WORD);
    (!words.is_empty()).then_some((words, is_open))
}

fn properties(schema: &Value) -> BTreeMap<&String, &Value> {
    schema["properties"].as_object().into_iter().flatten().collect()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name))
}
