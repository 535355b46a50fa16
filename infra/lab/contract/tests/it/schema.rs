use contract::schema::{self, DATA};
use envelope::{CertificateEvent, Provider};
use serde_json::{Value, json};

/// Every schema below, with its path.
fn all<'a>(path: &str, schema: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    found.push((path.to_owned(), schema));
    for group in ["properties", "$defs"] {
        for (name, inner) in schema[group].as_object().into_iter().flatten() {
            all(&format!("{path}/{name}"), inner, found);
        }
    }
    if schema["items"].is_object() {
        all(&format!("{path}[]"), &schema["items"], found);
    }
}

#[test]
fn every_member_and_every_word_is_described() {
    let schema = schema::bundle();
    let mut found = Vec::new();
    all("", &schema, &mut found);
    for (path, schema) in &found {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            assert!(
                member["description"].is_string() || member["$ref"].is_string(),
                "{path}.{name} has no description"
            );
        }
        for word in schema["anyOf"].as_array().into_iter().flatten() {
            assert!(word["const"].is_null() || word["description"].is_string(), "{path}: {word}");
        }
    }
    let providers = &schema["$defs"][DATA]["$defs"]["Provider"]["anyOf"];
    for provider in Provider::ALL {
        let words = providers.as_array().unwrap();
        assert!(words.iter().any(|word| word["const"] == provider.as_str()), "{provider}");
    }
}

#[test]
fn a_member_that_may_be_null_or_absent_says_when() {
    let schema = schema::bundle();
    let mut found = Vec::new();
    all("", &schema, &mut found);
    for (path, schema) in found.iter().filter(|(path, _)| !path.ends_with("/Identifiers")) {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let description = member["description"].as_str().unwrap_or_default();
            let is_required = required.iter().any(|other| other == name);
            assert_eq!(is_required, !description.contains("Absent: "), "{path}.{name}");
            let text = member.to_string();
            let is_null = text.contains("\"null\"") || name == "payload";
            assert_eq!(is_null, description.contains("Null: "), "{path}.{name}");
        }
    }
}

#[test]
fn the_message_has_no_member_of_the_envelope() {
    let message = schema::message();
    for name in [
        "attempts",
        "badcertificates",
        "holds",
        "retryreason",
        "secretstage",
        "secretversion",
        "sourceaddress",
        "progress",
    ] {
        assert!(message["properties"][name].is_null(), "{name}");
        assert!(schema::envelope()["properties"][name].is_object(), "{name}");
    }
    assert!(!schema::bundle().to_string().contains("\"x-"), "a keyword of our own");
}

#[test]
fn a_consumers_schema_admits_what_is_to_come() {
    let text = schema::bundle().to_string();
    assert!(!text.contains("\"additionalProperties\":false"));
    assert_eq!(schema::data()["$id"], CertificateEvent::SCHEMA);
    assert_eq!(schema::message()["properties"]["data"], json!({"$ref": CertificateEvent::SCHEMA}));
}
