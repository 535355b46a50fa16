//! Meta sends many updates in one request. Each becomes an event; all are accepted or none.

use serde_json::{Value, json};

use super::{delivers_only, event};
use crate::harness::{Local, archived, events_folder};
use crate::wire::{META, Request};

const MIB: usize = 1024 * 1024;

fn batch(entries: &[Value]) -> String {
    json!({ "object": "certificate_transparency", "entry": entries }).to_string()
}

/// An update without call-back, whose value has `size` bytes.
fn entry(id: usize, size: usize) -> Value {
    let value = "v".repeat(size);
    json!({ "id": id.to_string(), "time": 1, "changes": [{ "field": "other", "value": value }] })
}

#[test]
fn an_empty_batch_holds_nothing() {
    let local = Local::start(&[]);
    for body in [batch(&[]), r#"{"entry":[],"object":"certificate_transparency","x":1}"#.to_owned()]
    {
        assert_eq!(Request::meta(body).send(&local).accepted(), [""; 0]);
    }
    let good = Request::meta(event(META, 1)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}

#[test]
fn a_thousand_updates_in_one_request() {
    let local = Local::start(&[]);
    let entries: Vec<Value> = (0..500)
        .map(|id| {
            let change = |value: usize| json!({ "field": "other", "value": value });
            json!({ "id": id.to_string(), "time": 1, "changes": [change(2 * id), change(2 * id + 1)] })
        })
        .collect();
    let ids = Request::meta(batch(&entries)).send(&local).accepted();
    assert_eq!(ids.len(), 1000);
    let events = delivers_only(&local, &ids);
    for (number, id) in ids.iter().enumerate() {
        let event = events.iter().find(|event| event["id"] == id.as_str()).unwrap();
        let entries = event["data"]["payload"]["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 1);
        let changes = entries[0]["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{event}");
        assert_eq!(changes[0]["value"], number, "{event}");
    }
}

/// A message on SQS may have 1 MiB. One event over the limit makes the whole request fail.
#[test]
fn an_event_larger_than_a_queue_message() {
    let local = Local::start(&[]);
    for entries in [
        [entry(1, 10), entry(2, MIB)],
        [entry(2, MIB), entry(1, 10)],
        [entry(1, 10), entry(2, 5 * MIB - 1000)],
    ] {
        Request::meta(batch(&entries)).send(&local).refused(413);
    }
    assert!(local.logged(0, |line| line["message"] == "accepted").is_empty());
    let just_under = MIB - 8 * 1024;
    let entries = [entry(1, 10), entry(2, just_under), entry(3, just_under)];
    let ids = Request::meta(batch(&entries)).send(&local).accepted();
    assert_eq!(ids.len(), 3);
    delivers_only(&local, &ids);
}

/// The envelope holds the document reduced to one entry, and that to one change or changed field; all
/// other values are unchanged.
#[test]
fn each_envelope_holds_one_update() {
    let local = Local::start(&[]);
    let body = concat!(
        r#"{ "x" : 1.0, "object":"certificate_transparency","entry":["#,
        r#"{"id":"1","time":7,"changes":[{"field":"a","value":{"n": 1e2,"s":"\u00e4"}},{"field":"b","value":null}],"y":[ ]},"#,
        r#"{"changed_fields":["c", "d"],"id":"2","time":8}"#,
        "]}"
    );
    let ids = Request::meta(body).send(&local).accepted();
    delivers_only(&local, &ids);
    let expected = [
        r#"{"x":1.0,"object":"certificate_transparency","entry":[{"id":"1","time":7,"changes":[{"field":"a","value":{"n": 1e2,"s":"\u00e4"}}],"y":[ ]}]}"#,
        r#"{"x":1.0,"object":"certificate_transparency","entry":[{"id":"1","time":7,"changes":[{"field":"b","value":null}],"y":[ ]}]}"#,
        r#"{"x":1.0,"object":"certificate_transparency","entry":[{"changed_fields":["c"],"id":"2","time":8}]}"#,
        r#"{"x":1.0,"object":"certificate_transparency","entry":[{"changed_fields":["d"],"id":"2","time":8}]}"#,
    ];
    for (id, expected) in ids.iter().zip(expected) {
        let envelope = archived(&local, "meta", id);
        assert!(envelope.contains(&format!(r#""data":{expected}"#)), "{expected}\n{envelope}");
    }
}

/// No update is dropped because a member has an unexpected type.
#[test]
fn entries_of_another_shape() {
    let local = Local::start(&[]);
    let mut entries = vec![json!(null), json!(7), json!("x"), json!([]), json!({})];
    for changes in
        [json!(null), json!([]), json!({}), json!("x"), json!([null]), json!([7]), json!([{}])]
    {
        entries.push(json!({ "id": "1", "time": 1, "changes": changes }));
        entries.push(json!({ "id": "2", "time": 1, "changed_fields": changes }));
    }
    for field in [json!(null), json!(7), json!(""), json!("certificate"), json!("phishing")] {
        for value in
            [json!(null), json!(7), json!("x"), json!([]), json!({}), json!({ "ct_cert": 7 })]
        {
            let changes = json!([{ "field": field, "value": value }]);
            entries.push(json!({ "id": "3", "time": 1, "changes": changes }));
        }
    }
    for odd in [
        json!(null),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!(u64::MAX),
        json!("../../x"),
        json!([]),
    ] {
        entries.push(json!({ "id": odd, "time": 1, "changed_fields": ["other"] }));
        entries.push(json!({ "id": "4", "time": odd, "changed_fields": ["other"] }));
    }
    let ids = Request::meta(batch(&entries)).send(&local).accepted();
    assert_eq!(ids.len(), entries.len());
    local.settle();
    for id in ids {
        // A call-back that finds only known certificates is the last line of its event.
        let has_ended = |line: &Value| line["id"] == id.as_str() && line["message"] != "accepted";
        assert!(!local.logged(0, has_ended).is_empty(), "{id}");
    }
    let errors = local.logged(0, |line| line["level"] == "ERROR");
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn an_update_has_the_same_id_alone_and_in_a_batch() {
    let local = Local::start(&[]);
    let path = events_folder().join("meta-ct/batch.json");
    let sample: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let together = Request::meta(sample.to_string()).send(&local).accepted();
    // The id depends on the update alone, not on the batch around it.
    let mut alone = Vec::new();
    for entry in sample["entry"].as_array().unwrap() {
        let lists = ["changes", "changed_fields"];
        let list = lists.into_iter().find(|list| entry[list].is_array()).unwrap();
        for update in entry[list].as_array().unwrap() {
            let mut single = entry.clone();
            single[list] = json!([update]);
            alone.push(Request::meta(batch(&[single])).send(&local).accepted_one());
        }
    }
    assert_eq!(together, alone);
}
