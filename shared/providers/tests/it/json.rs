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
    let all: Vec<_> =
        members.iter().map(|member| member.quoted_name() + ":" + member.value.get()).collect();
    assert_eq!(all, [r#""b":1"#, r#""a":[ 2 ]"#, r#""b":null"#, r#""c":" ""#, r#""d":"x""#]);
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

/// A name that no Rust string can hold hides nothing, wherever it stands.
#[test]
fn an_odd_member_name_hides_no_other_member() {
    let odd = r#""\ud800":"x""#;
    for (body, what) in [
        (
            format!(
                r#"{{"event":"certificate_issued","data":{{{odd},"order_id":77001,"certificate_id":77002}}}}"#
            ),
            "data",
        ),
        (
            format!(
                r#"{{{odd},"event":"certificate_issued","data":{{"order_id":77001,"certificate_id":77002}}}}"#
            ),
            "root",
        ),
        (
            format!(
                r#"{{"event":"certificate_issued","data":{{"order_id":77001,"certificate_id":77002,"more":{{{odd}}}}}}}"#
            ),
            "deep",
        ),
        (
            format!(
                r#"{{"event":"certificate_issued","data":{{"order_id":77001,"certificate_id":77002,{odd},{odd}}}}}"#
            ),
            "twice",
        ),
    ] {
        let envelope = crate::support::only::<providers::digicert::DigicertReceiver>(&body);
        assert_eq!(envelope.data.get(), body, "byte for byte");
        let read = crate::support::read::<providers::digicert::DigicertReceiver>(&body);
        assert_eq!(read.subject, "digicert/certificate/77002", "{what}");
    }
    let order = format!(
        r#"{{"id":1,{odd},"status":"revoked","certificate":{{{odd},"serial_number":"0A"}}}}"#
    );
    let answer = crate::support::answer(200, &order);
    let providers::api::Classification::Good(order) =
        providers::digicert::api::classify_order_info(&answer)
    else {
        panic!("not good")
    };
    assert_eq!((order.status.as_deref(), order.certificates.len()), (Some("revoked"), 1));
    let errors = format!(r#"{{{odd},"errors":[{{{odd},"code":"not_found|order"}},"\ud800"]}}"#);
    let refused =
        providers::digicert::api::classify_order_info(&crate::support::answer(404, &errors));
    assert_eq!(
        refused,
        providers::api::Classification::Failed { reason: envelope::Reason::NotFound }
    );
    let log = format!(
        r#"{{{odd},"events":[{{{odd},"event_name":"a","event_info":{{{odd}}}}},{{"event_name":"b\ud800"}}]}}"#
    );
    let page = providers::digicert::reconciliation::classify_sent_events(&crate::support::answer(
        200, &log,
    ));
    assert_eq!(page.unwrap().sent_events.len(), 2);
    let gone = format!(r#"{{"success":false,{odd},"errors":[{{{odd},"code":1436}}]}}"#);
    let gone = providers::cloudflare::api::classify_details(&crate::support::answer(404, &gone));
    assert_eq!(gone, providers::api::Classification::Gone { reason: envelope::Reason::NotFound });
    let meta = format!(
        r#"{{{odd},"object":"certificate_transparency","entry":[{{{odd},"id":"1","changes":[{{{odd},"field":"phishing","value":{{{odd},"phished_domain":"a.example"}}}}]}}]}}"#
    );
    let read = crate::support::read::<providers::meta::MetaReceiver>(&meta);
    assert_eq!(read.subject, "meta/domain/a.example");
    let cloudflare = format!(
        r#"{{{odd},"metadata":{{{odd},"event":{{{odd},"type":"ssl.custom_hostname_certificate.issuance.failed"}}}},"data":{{{odd},"hostname":"a.example"}}}}"#
    );
    let read = crate::support::read::<providers::cloudflare::CloudflareReceiver>(&cloudflare);
    assert_eq!(read.subject, "cloudflare/hostname/a.example");
}
