use envelope::schema::FURTHER_WORD;
use envelope::{CertificateData, CertificateEvent, Envelope, EventType};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The keyword by which a member of a CloudEvent says that it is in one of the two messages only.
const MESSAGE: &str = "x-message";
/// Name of the schema of `data` within [`bundle`].
pub const DATA: &str = "CertificateData";

/// The schema of `data` in a certificate event.
pub fn data() -> Value {
    let mut schema = root::<CertificateData>();
    schema["$id"] = CertificateEvent::SCHEMA.into();
    schema
}

/// The schema of the whole message on the deliveries queue. It refers to [`data`].
pub fn message() -> Value {
    let mut schema = message_of::<CertificateEvent>("certificate-event");
    schema["$id"] = CertificateEvent::MESSAGE_SCHEMA.into();
    schema["title"] = "Certificate event".into();
    schema["description"] = "A message on the deliveries queue: a CloudEvents 1.0 document in JSON. Other attributes \
        of CloudEvents, and other members anywhere, may come within this version; a consumer ignores what it does \
        not know."
        .into();
    let properties = &mut schema["properties"];
    properties["dataschema"]["const"] = CertificateEvent::SCHEMA.into();
    properties["type"] = json!({"$ref": "#/$defs/EventType"});
    properties["data"] = json!({"$ref": CertificateEvent::SCHEMA});
    schema["$defs"] = json!({"EventType": without_schema(root::<EventType>())});
    schema
}

/// The schema of the internal message on the events queue.
pub fn envelope() -> Value {
    let mut schema = message_of::<Envelope>("envelope");
    schema["$id"] = "urn:certhooks:envelope-message:1".into();
    schema["title"] = "Envelope".into();
    schema["description"] = "A message on the events queue: a CloudEvents 1.0 document in JSON. It is internal, and no \
        part of the contract with consumers."
        .into();
    let properties = &mut schema["properties"];
    properties["dataschema"]["const"] = Envelope::SCHEMA.into();
    properties["type"] = json!({
        "type": "string",
        "pattern": "^(com\\.|certhooks\\.canary$)",
        "description": "The provider's own name of the event behind a prefix for the provider; of a synthetic event \
            `certhooks.canary`.",
    });
    properties["data"] = json!({
        "description": "The provider's document, byte for byte. Of Meta's documents, which may hold several updates, \
            the same document with one. Null in a synthetic event.",
    });
    schema.as_object_mut().map(|schema| schema.remove("$defs"));
    schema
}

/// [`message`] with [`data`] in it, so that one document is enough.
pub fn bundle() -> Value {
    let mut schema = message();
    schema["$defs"][DATA] = without_schema(data());
    schema
}

/// [`bundle`] without the freedom that a later version has: an unknown member, and an unknown word, is a violation.
pub fn strict() -> Value {
    let mut schema = bundle();
    each(&mut schema, &mut |schema| {
        if schema.contains_key("properties") {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        if let Some(Value::Array(words)) = schema.get_mut("anyOf") {
            words.retain(|word| word["description"] != FURTHER_WORD);
        }
    });
    schema
}

fn root<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    each(&mut schema, &mut tidy);
    schema
}

fn without_schema(mut schema: Value) -> Value {
    schema.as_object_mut().map(|schema| schema.remove("$schema"));
    schema
}

/// The schema of a CloudEvent without the members that only the other message has.
fn message_of<T: JsonSchema>(name: &str) -> Value {
    let mut schema = root::<T>();
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|_, member| member[MESSAGE].is_null() || member[MESSAGE] == name);
        for member in properties.values_mut().filter_map(Value::as_object_mut) {
            member.remove(MESSAGE);
        }
    }
    schema
}

/// What the derived schema has that says nothing to a consumer, and what it leaves open.
fn tidy(schema: &mut Map<String, Value>) {
    // A number's format is the type in Rust, which minimum and maximum say as well.
    schema.retain(|key, value| key != "format" || value == "date-time");
    // How a member that is missing is read; and the names of Rust's types.
    schema.remove("default");
    schema.remove("title");
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = paragraphs(text);
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &str| required.as_array().into_iter().flatten().any(|other| other == name);
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, member) in properties.into_iter().flatten() {
        // A member that may be absent is left out rather than null.
        if !is_required(name) {
            without_null(member);
        }
    }
}

fn without_null(member: &mut Value) {
    if let Some(types) = member["type"].as_array() {
        let types: Vec<_> = types.iter().filter(|kind| *kind != "null").cloned().collect();
        member["type"] = if let [one] = types.as_slice() { one.clone() } else { types.into() };
    }
    let Some(alternatives) = member["anyOf"].as_array().cloned() else { return };
    let rest: Vec<_> = alternatives.into_iter().filter(|one| one["type"] != "null").collect();
    let Some(member) = member.as_object_mut() else { return };
    match rest.as_slice() {
        [Value::Object(one)] => {
            member.remove("anyOf");
            for (key, value) in one {
                member.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        _ => drop(member.insert("anyOf".to_owned(), rest.into())),
    }
}

/// A comment of Rust's with each paragraph on one line.
fn paragraphs(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|lines| {
        lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// Calls `change` for the schema and each schema within.
pub(crate) fn each(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(object) = schema.as_object_mut() else { return };
    change(object);
    for (key, value) in object {
        match (key.as_str(), value) {
            ("properties" | "$defs", Value::Object(schemas)) => {
                schemas.values_mut().for_each(|schema| each(schema, change));
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| each(schema, change));
            }
            ("items" | "additionalProperties", schema) => each(schema, change),
            _ => {}
        }
    }
}
