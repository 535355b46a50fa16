use providers::json::{Members, canonical, id, unsigned};
use serde_json::value::RawValue;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn all_spellings_of_a_value_have_one_canonical_text() {
    for (text, expected) in [
        (r#" { "b" : [ 1 , { } ] , "a" : null } "#, r#"{"a":null,"b":[1,{}]}"#),
        (r#"{"a":1,"a":2,"a":{"x":1,"x":[]}}"#, r#"{"a":{"x":[]}}"#),
        (r#"{"\u0062":"\u00e4\/\n","a":"ä/\u000a"}"#, r#"{"a":"ä/\n","b":"ä/\n"}"#),
        ("18446744073709551616", "18446744073709551616"),
        ("[1.0, 1, 1e0, -0]", "[1.0,1,1e0,-0]"),
        (r#""x""#, r#""x""#),
        ("true", "true"),
    ] {
        assert_eq!(canonical(&raw(text)), expected);
    }
    // Both are the same `f64`.
    assert_ne!(canonical(&raw("18446744073709551616")), canonical(&raw("18446744073709551617")));
}

#[test]
fn parts_of_an_id_do_not_run_together() {
    assert_ne!(id(&["x", "ab", "c"]), id(&["x", "a", "bc"]));
    assert_ne!(id(&["x", "a\",\"b"]), id(&["x", "a", "b"]));
    assert_eq!(id(&["x"]), "cd65ea2c2ad99e94a85b1b6df72efef9cb2ed0ae933a60c32ce16317f7d7d6aa");
}

#[test]
fn members_keep_order_and_repetition() {
    let text = raw(r#"{"b":1,"a":[ 2 ],"b":null,"c":" ","d":"x"}"#);
    let members = Members::of(&text).unwrap();
    let all: Vec<_> = members.iter().map(|(name, value)| (name, value.get())).collect();
    assert_eq!(all, [("b", "1"), ("a", "[ 2 ]"), ("b", "null"), ("c", "\" \""), ("d", "\"x\"")]);
    assert!(members.get("b").is_none() && members.get("e").is_none());
    assert_eq!((members.text("c"), members.text("d").as_deref()), (None, Some("x")));
    assert_eq!(members.list("a").unwrap().len(), 1);
    assert!(Members::of(&raw("[]")).is_none());
}

#[test]
fn only_unsigned_64_bit_numbers_are_accepted() {
    for (text, number) in [
        ("0", Some(0)),
        ("18446744073709551615", Some(u64::MAX)),
        (r#""18446744073709551615""#, Some(u64::MAX)),
        (r#""0007""#, Some(7)),
        ("18446744073709551616", None),
        (r#""+7""#, None),
        (r#"" 7""#, None),
        (r#""""#, None),
        ("-0", None),
        ("7.0", None),
        ("7e0", None),
        ("null", None),
    ] {
        assert_eq!(unsigned(&raw(text)), number, "{text}");
    }
}
