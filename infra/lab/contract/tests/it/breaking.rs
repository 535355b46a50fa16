use contract::breaking::compare;
use contract::schema::{DATA, bundle};
use serde_json::{Value, json};

/// The sentences about a change of the schema.
fn breaking(change: impl Fn(&mut Value)) -> Vec<String> {
    let mut new = bundle();
    change(&mut new);
    compare(&bundle(), &new).breaking
}

fn assert_breaks(what: &str, change: impl Fn(&mut Value)) {
    let found = breaking(change);
    assert!(
        found
            .iter()
            .any(|sentence| sentence.starts_with(what) && sentence.contains("move the version")),
        "{what}: {found:?}"
    );
}

fn data(schema: &mut Value) -> &mut Value {
    &mut schema["$defs"][DATA]
}

fn defined<'a>(schema: &'a mut Value, name: &str) -> &'a mut Value {
    &mut data(schema)["$defs"][name]
}

fn remove(schema: &mut Value, name: &str) {
    schema["properties"].as_object_mut().unwrap().remove(name).unwrap();
}

fn words(schema: &mut Value) -> &mut Vec<Value> {
    schema["anyOf"].as_array_mut().unwrap()
}

#[test]
fn nothing_breaks_without_a_change() {
    assert_eq!(breaking(|_| {}), Vec::<String>::new());
}

#[test]
fn a_removed_member_breaks() {
    assert_breaks("time was removed", |schema| remove(schema, "time"));
    assert_breaks("data.status was removed", |schema| remove(data(schema), "status"));
    assert_breaks("data.certificates[].key_bits was removed", |schema| {
        remove(defined(schema, "Certificate"), "key_bits");
    });
    assert_breaks("data.identifiers.order_id was removed", |schema| {
        remove(defined(schema, "Identifiers"), "order_id");
    });
}

#[test]
fn a_renamed_member_breaks() {
    assert_breaks("data.offloaded was removed", |schema| {
        let offloaded = data(schema)["properties"]["offloaded"].take();
        remove(data(schema), "offloaded");
        data(schema)["properties"]["dataref"] = offloaded;
    });
}

#[test]
fn another_type_breaks() {
    assert_breaks("data.certificates[].key_bits was integer and is string now", |schema| {
        defined(schema, "Certificate")["properties"]["key_bits"]["type"] =
            json!(["string", "null"]);
    });
    assert_breaks("data.problems[] was string and is object now", |schema| {
        data(schema)["properties"]["problems"]["items"]["type"] = json!("object");
    });
}

#[test]
fn another_format_pattern_or_range_breaks() {
    assert_breaks("time has another pattern", |schema| {
        schema["properties"]["time"]["pattern"] = json!("^\\d+$");
    });
    assert_breaks("receivedtime has another format", |schema| {
        schema["properties"]["receivedtime"].as_object_mut().unwrap().remove("format");
    });
    assert_breaks("data.certificates[].serial_number has another pattern", |schema| {
        defined(schema, "Certificate")["properties"]["serial_number"]["pattern"] =
            json!("^[0-9]+$");
    });
    assert_breaks("data.callback.status has a wider range", |schema| {
        defined(schema, "Callback")["properties"]["status"]["maximum"] = json!(99_999_999);
    });
    assert_breaks("specversion has another const", |schema| {
        schema["properties"]["specversion"]["const"] = json!("1.1");
    });
}

#[test]
fn what_may_be_absent_or_null_now_breaks() {
    assert_breaks("data.verdict may be absent now", |schema| {
        let required = data(schema)["required"].as_array_mut().unwrap();
        required.retain(|name| name != "verdict");
    });
    assert_breaks("subject may be null now", |schema| {
        schema["properties"]["subject"]["type"] = json!(["string", "null"]);
    });
    assert_breaks("data.callback may be null now", |schema| {
        let callback = data(schema)["properties"]["callback"].take();
        data(schema)["properties"]["callback"] = json!({"anyOf": [callback, {"type": "null"}]});
    });
}

#[test]
fn a_removed_word_breaks() {
    assert_breaks("type no longer has the word `certhooks.certificate.renewed`", |schema| {
        words(&mut schema["$defs"]["EventType"])
            .retain(|word| word["const"] != "certhooks.certificate.renewed");
    });
    assert_breaks("data.callback.outcome no longer has the word `gone`", |schema| {
        words(defined(schema, "Outcome")).retain(|word| word["const"] != "gone");
    });
}

#[test]
fn a_new_word_of_a_closed_set_breaks() {
    assert_breaks("data.verdict has the new word `perhaps`", |schema| {
        words(defined(schema, "Verdict")).push(json!({"const": "perhaps"}));
    });
}

#[test]
fn additions_do_not_break() {
    let found = breaking(|schema| {
        words(&mut schema["$defs"]["EventType"])
            .push(json!({"const": "certhooks.ct.certificate_forgotten"}));
        words(defined(schema, "Reason")).push(json!({"const": "tired"}));
        data(schema)["properties"]["expected"] = json!({"type": "string"});
        data(schema)["required"].as_array_mut().unwrap().push(json!("expected"));
        schema["properties"]["partitionkey"] = json!({"type": "string"});
        let check = defined(schema, "Checks")["properties"]["path"].clone();
        defined(schema, "Checks")["properties"]["revocation"] = check;
        // What was null on occasion never is now.
        defined(schema, "Certificate")["properties"]["subject"]["type"] = json!("string");
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_member_in_other_words_is_named_for_the_reviewer() {
    let mut new = bundle();
    defined(&mut new, "Offloaded")["properties"]["size"]["description"] =
        json!("Size in kilobytes.");
    let changes = compare(&bundle(), &new);
    assert_eq!(
        (changes.breaking.len(), changes.reworded),
        (0, vec!["data.offloaded.size".to_owned()])
    );
}
