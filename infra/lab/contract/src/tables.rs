use std::fmt::Write;

use envelope::schema::{self as form_of, FURTHER_WORD};
use envelope::{CertificateEvent, Checks, Code, EventType};
use serde_json::Value;

use crate::doc::{Doc, provider_name};
use crate::examples::Example;
use crate::schema::DATA;

/// What the patterns of the schema mean.
const FORMS: [(&str, &str); 7] = [
    (form_of::TIMESTAMP, "time, `2026-11-30T10:00:00.000000Z`"),
    (form_of::SECONDS, "time, `2026-11-30T10:00:00Z`"),
    (form_of::SHA1, "40 hex digits"),
    (form_of::SHA256, "64 hex digits"),
    (form_of::SERIAL, "upper-case hex"),
    (form_of::PEM_CHAIN, "PEM"),
    (form_of::TRACEPARENT, "`00-…`"),
];

/// The members of an object: those that are always there in their order in the message, then the others.
pub(crate) fn members(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object();
    let optional = properties.into_iter().flatten().map(|(name, _)| name.as_str());
    let optional = optional.filter(|name| !required.contains(name));
    let mut table =
        String::from("| member | form | from | what it is |\n| --- | --- | --- | --- |\n");
    for name in required.iter().copied().chain(optional) {
        let member = &schema["properties"][name];
        let doc = Doc::of(member);
        let mut about = doc.about.join(" ");
        if let Some(when) = doc.null {
            let _ = write!(about, " **Null**: {}", when);
        }
        if let Some(when) = doc.absent {
            let _ = write!(about, " **Absent**: {}", when);
        }
        row(
            &mut table,
            &[&format!("`{name}`"), &form(member), doc.from.unwrap_or("all"), about.trim()],
        );
    }
    table
}

/// A set of words, each with its meaning.
pub(crate) fn words(schema: &Value) -> String {
    let mut table = String::from("| word | meaning |\n| --- | --- |\n");
    for word in schema["anyOf"].as_array().into_iter().flatten() {
        if let Some(text) = word["const"].as_str() {
            row(
                &mut table,
                &[&format!("`{text}`"), word["description"].as_str().unwrap_or_default()],
            );
        }
    }
    if is_open(schema) {
        table.push_str("\nFurther words may come within this version.\n");
    }
    table
}

fn is_open(schema: &Value) -> bool {
    let words = schema["anyOf"].as_array();
    words.into_iter().flatten().any(|word| word["description"] == FURTHER_WORD)
}

/// Each check with its codes.
pub(crate) fn checks() -> String {
    let mut table = String::from("| check | codes |\n| --- | --- |\n");
    for (check, codes) in Checks::CODES {
        let codes: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
        row(&mut table, &[&format!("`{check}`"), &codes.join(", ")]);
    }
    let common: Vec<_> =
        Checks::COMMON_CODES.iter().map(|code: &Code| format!("`{code}`")).collect();
    let _ = write!(table, "\nEach check also has {}.\n", common.join(" and "));
    table
}

/// What comes of each type, from each provider that has it.
pub(crate) fn types(event_type: &Value, examples: &[Example]) -> anyhow::Result<String> {
    let mut table = String::from(
        "| type | meaning | provider | its own name | `callback.outcome` | certificates | `verdict` |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let values: Vec<_> = examples.iter().map(Example::value).collect::<anyhow::Result<_>>()?;
    for kind in EventType::ALL {
        let words = event_type["anyOf"].as_array();
        let word = words.into_iter().flatten().find(|word| word["const"] == kind.as_str());
        let mut meaning = word.and_then(|word| word["description"].as_str()).unwrap_or_default();
        let mut name = format!("[`{kind}`](#{})", anchor(kind.as_str()));
        let of_kind = examples.iter().zip(&values);
        for (_, event) in of_kind.filter(|(example, event)| is_of(example, event, *kind)) {
            let data = &event["data"];
            let count = data["certificates"].as_array().map_or(0, Vec::len);
            let form = if data["pem_chain"].is_null() { "described" } else { "PEM" };
            let certificates =
                if count == 0 { "none".to_owned() } else { format!("{count}, {form}") };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let cells = [
                name.as_str(),
                meaning,
                provider_name(data["provider"].as_str().unwrap_or_default()),
                &format!("`{}`", text(&data["event"])),
                &format!("`{}`", text(&data["callback"]["outcome"])),
                &certificates,
                &format!("`{}`", text(&data["verdict"])),
            ];
            row(&mut table, &cells);
            (name, meaning) = (String::new(), "");
        }
    }
    Ok(table)
}

/// Whether an example is one that shows a type, and not one that shows a case.
pub(crate) fn is_of(example: &Example, event: &Value, kind: EventType) -> bool {
    event["type"] == kind.as_str() && !example.name.starts_with("case.")
}

/// The members that never come from a provider.
pub(crate) fn never(data: &Value, provider: &str) -> String {
    let has_pem = Doc::of(&data["properties"]["pem_chain"]).is_from(provider, true);
    let of = |schema: &Value, prefix: &str| -> Vec<String> {
        let members = schema["properties"].as_object().into_iter().flatten();
        let never = members.filter(|(_, member)| !Doc::of(member).is_from(provider, has_pem));
        never.map(|(name, _)| format!("`{prefix}{name}`")).collect()
    };
    let mut names = of(data, "");
    names.extend(of(&data["$defs"]["Certificate"], "certificates[]."));
    names.join(", ")
}

/// The anchor that GitHub gives to a heading.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn row(table: &mut String, cells: &[&str]) {
    let cells: Vec<_> =
        cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

fn form(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let name = if name == CertificateEvent::SCHEMA { DATA } else { name };
        // These two have no heading of their own name.
        let heading = match name {
            "EventType" => "The types",
            DATA => "data",
            name => name,
        };
        return format!("[{name}](#{})", anchor(heading));
    }
    if !schema["const"].is_null() {
        return format!("`{}`", schema["const"].to_string().trim_matches('"'));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && let Some((_, words)) = FORMS.iter().find(|(known, _)| *known == pattern)
    {
        return (*words).to_owned();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let rest = alternatives.iter().filter(|one| one["type"] != "null");
        return rest.map(form).collect::<Vec<_>>().join(" or ");
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ => Vec::new(),
    };
    match kinds.into_iter().find(|kind| *kind != "null") {
        Some("array") => format!("list of {}", form(&schema["items"])),
        Some(kind) => kind.to_owned(),
        None => "any JSON".to_owned(),
    }
}
