use std::time::Instant;

use providers::meta::MetaReceiver;
use serde_json::Value;

use crate::support::events;

fn documents(body: &str) -> Vec<String> {
    events::<MetaReceiver>(body)
        .unwrap()
        .into_iter()
        .map(|event| event.data.get().to_owned())
        .collect()
}

/// Values keep their bytes: white space, escapes, and digits that no number type holds.
#[test]
fn one_document_for_each_update_with_its_values_untouched() {
    let body = r#"{ "before" : [1, 2.50],
        "entry": [
          {"id":"1","changes":[{"field":"a","value":{"x" : 1.0e2}}, {"value":"\u00e4\/", "field":"b"}], "time" : 2, "changed_fields":["c"]},
          {"time":3,"changed_fields":[ "d" , "e"],"id":18446744073709551617}, 7, {"id":"4","changes":[]}
        ], "object":"certificate_transparency","after":null }"#;
    let wrapped = |entry: &str| {
        format!(
            r#"{{"before":[1, 2.50],"entry":[{entry}],"object":"certificate_transparency","after":null}}"#
        )
    };
    assert_eq!(
        documents(body),
        [
            wrapped(r#"{"id":"1","changes":[{"field":"a","value":{"x" : 1.0e2}}],"time":2}"#),
            wrapped(r#"{"id":"1","changes":[{"value":"\u00e4\/", "field":"b"}],"time":2}"#),
            wrapped(r#"{"id":"1","time":2,"changed_fields":["c"]}"#),
            wrapped(r#"{"time":3,"changed_fields":["d"],"id":18446744073709551617}"#),
            wrapped(r#"{"time":3,"changed_fields":["e"],"id":18446744073709551617}"#),
            wrapped("7"),
            wrapped(r#"{"id":"4","changes":[]}"#),
        ]
    );
}

#[test]
fn of_repeated_names_the_last_counts() {
    let body = r#"{"object":"user","entry":[{"id":"no"}],"entry":[{"changes":[1],"id":"1","changes":[2],"id":"2"}],"object":"certificate_transparency"}"#;
    let expected = r#"{"object":"user","entry":[{"id":"1","changes":[2],"id":"2"}],"object":"certificate_transparency"}"#;
    assert_eq!(documents(body), [expected]);
}

/// A split document is one update again, and is split into itself.
#[test]
fn splitting_twice_is_splitting_once() {
    let body = r#"{"entry":[{"id":"1","changes":[{"field":"certificate","value":{}},{"field":"b"}],"changed_fields":["c"]}],"object":"certificate_transparency"}"#;
    let first = events::<MetaReceiver>(body).unwrap();
    assert_eq!(first.len(), 3);
    for event in first {
        let again = events::<MetaReceiver>(event.data.get()).unwrap();
        let [again] = again.as_slice() else { panic!("one event") };
        assert_eq!((again.data.get(), &again.id), (event.data.get(), &event.id));
    }
}

fn batch(count: usize) -> String {
    let change = |n: usize| {
        format!(r#"{{"field":"phishing","value":{{"n":{n},"pem":"{}"}}}}"#, "x".repeat(2000))
    };
    let entry = |n: usize| {
        format!(r#"{{"id":"{n}","time":1,"changes":[{},{}]}}"#, change(n), change(n + count))
    };
    let entries: Vec<_> = (0..count / 2).map(entry).collect();
    format!(r#"{{"entry":[{}],"object":"certificate_transparency"}}"#, entries.join(","))
}

/// The most updates that Meta sends in one request.
#[test]
fn a_thousand_updates_are_a_thousand_envelopes() {
    let events = events::<MetaReceiver>(&batch(1000)).unwrap();
    let ids: std::collections::BTreeSet<_> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!((events.len(), ids.len()), (1000, 1000));
    let sample: Value = events[501].data.get().parse().unwrap();
    assert_eq!(sample["entry"][0]["changes"][0]["value"]["n"], 1250);
}

/// Ten times as many updates take about ten times as long. A hundred times as long would be
/// quadratic.
#[test]
fn splitting_is_linear() {
    let (few, many) = (batch(100), batch(1000));
    let time = |body: &str| {
        let run = || {
            let start = Instant::now();
            assert!(!events::<MetaReceiver>(body).unwrap().is_empty());
            start.elapsed()
        };
        (0..5).map(|_| run()).min().unwrap()
    };
    let ratio = time(&many).as_secs_f64() / time(&few).as_secs_f64();
    assert!(ratio < 40.0, "{ratio}");
}
