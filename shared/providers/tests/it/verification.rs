use data_encoding::HEXLOWER;
use envelope::Provider;
use http::{HeaderMap, Method};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::profile::{self, ReceiverVisitor, visit_receivers};
use providers::receiver::{SecretFault, WebhookReceiver};
use providers::request::WebhookRequest;
use providers::secret::short_member;
use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::SecretString;

use crate::support::{NOON, get, headers, request};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const TEST_EVENT: &str = r#"{ "event": "test_webhook_endpoint" }"#;

fn fault<R: WebhookReceiver>(stored: &str) -> Option<SecretFault> {
    R::secret(&stored.into()).err()
}

fn verify<R: WebhookReceiver>(stored: &str, headers: &HeaderMap, body: &str) -> bool {
    let secret = R::secret(&stored.into()).unwrap_or_else(|error| panic!("{stored}: {error}"));
    R::verify(&request(headers, body), &secret)
}

fn signature(body: &str, secret: &str) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    format!("sha256={}", HEXLOWER.encode(tag.as_ref()))
}

#[test]
fn only_usable_secrets_are_accepted() {
    use SecretFault::{Empty, Missing, NotFilledIn, TooShort};
    let digits = "12345678901234567890123456789012";
    for (stored, expected) in [
        (KEY, None),
        (digits, None),
        (&format!(r#"{{"webhook_key":"{KEY}"}}"#), None),
        (&format!(r#"{{"webhook_key":" {KEY}\n","more":1}}"#), None),
        ("", Some(Empty)),
        (" \n", Some(Empty)),
        (r#"{"webhook_key":""}"#, Some(Empty)),
        (r#"{"webhook_key":" "}"#, Some(Empty)),
        ("{}", Some(Missing("webhook_key"))),
        (r#"{"webhook_key":12345678901234567890123456789012}"#, Some(Missing("webhook_key"))),
        (r#"{"webhook_auth":"0123456789abcdef0123456789abcdef"}"#, Some(Missing("webhook_key"))),
        ("not-filled-in", Some(NotFilledIn)),
        ("Not-Filled-In\n", Some(NotFilledIn)),
        (r#"{"webhook_key":"NOT-FILLED-IN"}"#, Some(NotFilledIn)),
        (&KEY[1..], Some(TooShort("webhook_key", 32))),
    ] {
        assert_eq!(fault::<DigicertReceiver>(stored), expected, "{stored}");
    }
    assert_eq!(fault::<CloudflareReceiver>("short"), None);
    assert_eq!(fault::<CloudflareReceiver>(r#"{"webhook_auth":"short"}"#), None);
    assert_eq!(fault::<CloudflareReceiver>(r#"{"x":"y"}"#), Some(Missing("webhook_auth")));
    assert_eq!(fault::<MetaReceiver>("short"), None);
    assert_eq!(fault::<MetaReceiver>(r#"{"app_secret":"short"}"#), None);
    assert_eq!(fault::<MetaReceiver>(r#"{"verify_token":"x"}"#), Some(Missing("app_secret")));
    assert_eq!(fault::<MetaReceiver>(r#"{"app_secret":"not-filled-in"}"#), Some(NotFilledIn));
}

#[test]
fn a_short_secret_is_used_and_named() {
    let sixteen = &KEY[..16];
    let object = |members: &[(&str, &str)]| {
        let members = members.iter().map(|(name, value)| format!(r#""{name}":"{value}""#));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    for (provider, stored, short) in [
        (Provider::CLOUDFLARE, sixteen.to_owned(), None),
        (Provider::CLOUDFLARE, sixteen[1..].to_owned(), Some("webhook_auth")),
        (Provider::CLOUDFLARE, object(&[("webhook_auth", "a")]), Some("webhook_auth")),
        // Characters, not bytes.
        (Provider::CLOUDFLARE, "äöüäöüäöü".to_owned(), Some("webhook_auth")),
        (
            Provider::META,
            object(&[("app_secret", sixteen), ("verify_token", "b")]),
            Some("verify_token"),
        ),
        (
            Provider::META,
            object(&[("app_secret", "a"), ("verify_token", sixteen)]),
            Some("app_secret"),
        ),
        (Provider::META, object(&[("app_secret", sixteen), ("verify_token", sixteen)]), None),
        (Provider::CERTSPOTTER, object(&[("username", "u"), ("password", "p")]), Some("password")),
        (Provider::CERTSPOTTER, object(&[("username", "u"), ("password", sixteen)]), None),
        (Provider::DIGICERT, KEY.to_owned(), None),
    ] {
        let members = profile::of(provider).webhook_secret;
        let found = short_member(members, &stored.as_str().into()).map(|member| member.stored_as);
        assert_eq!(found, short, "{provider}: {stored}");
    }
}

/// Each is a way in which a console, an editor, a shell or a template spoils a value.
#[test]
fn a_malformed_secret_is_never_a_plain_string() {
    use SecretFault::{ControlCharacter, Malformed, Missing};
    for (member, fault, api) in [
        ("webhook_key", fault::<DigicertReceiver> as fn(&str) -> Option<SecretFault>, None),
        ("webhook_auth", fault::<CloudflareReceiver>, None),
        ("app_secret", fault::<MetaReceiver>, None),
        ("api_key", fault::<DigicertReceiver>, Some(Provider::DIGICERT)),
        ("api_token", fault::<DigicertReceiver>, Some(Provider::CLOUDFLARE)),
        ("access_token", fault::<DigicertReceiver>, Some(Provider::META)),
    ] {
        let object = format!(r#"{{"{member}": "{KEY}"}}"#);
        for (stored, expected) in [
            (object.trim_end_matches('}').to_owned(), Malformed),
            (object.replace('"', "'"), Malformed),
            (object.replace('}', ",}"), Malformed),
            (format!("\u{feff}{object}"), Malformed),
            (format!(" \n\u{feff} {{'{member}': '{KEY}'}}"), Malformed),
            (format!("{object} and more"), Malformed),
            (format!(r#"{{"{member}": "{KEY}", "{member}": "other"}}"#), Malformed),
            (format!(r#""{KEY}""#), Malformed),
            (format!("\"{KEY}"), Malformed),
            (format!(r#"["{KEY}"]"#), Malformed),
            (serde_json::json!(object).to_string(), Malformed),
            (serde_json::json!({member: object}).to_string(), Malformed),
            (serde_json::json!({member: {member: KEY}}).to_string(), Missing(member)),
            (serde_json::json!({member: [KEY]}).to_string(), Missing(member)),
            (serde_json::json!({member: 12345}).to_string(), Missing(member)),
            (serde_json::json!({member: null}).to_string(), Missing(member)),
            (serde_json::json!({"key": KEY}).to_string(), Missing(member)),
            (format!("{KEY}\n{KEY}"), ControlCharacter),
            (format!("\u{feff}{KEY}"), ControlCharacter),
            (format!("{KEY}\u{1b}x"), ControlCharacter),
            (format!("\u{201c}{KEY}\u{201d}"), Malformed),
            (format!("'{KEY}'"), Malformed),
            (format!("<{KEY}>"), Malformed),
            (format!("{member}: {KEY}"), Malformed),
            (format!("PROVIDER_{}={KEY}", member.to_uppercase()), Malformed),
            ("${KEY_FROM_A_VAULT}".to_owned(), Malformed),
            (format!("Bearer {KEY}"), Malformed),
            (format!("{KEY}\u{200b}"), ControlCharacter),
            (format!("{KEY}\u{a0}{KEY}"), ControlCharacter),
            (serde_json::json!({member: format!("{KEY}\u{2060}")}).to_string(), ControlCharacter),
            (serde_json::json!({member: format!("{KEY}\r\nx")}).to_string(), ControlCharacter),
        ] {
            let secret = SecretString::from(stored.clone());
            match api {
                None => assert_eq!(fault(&stored), Some(expected), "{stored}"),
                Some(provider) => {
                    let read = providers::secret::Stored::read(&secret);
                    assert_eq!(read.first(member), Err(expected), "{stored}");
                    assert!(
                        (providers::profile::of(provider).api.key)(&secret).is_none(),
                        "{stored}"
                    );
                }
            }
        }
        let usable = SecretString::from(format!(" {object}\n"));
        assert_eq!(providers::secret::Stored::read(&usable).first(member), Ok(KEY));
    }
}

#[test]
fn a_key_header_passes_only_alone_and_whole() {
    let longer = format!("{KEY}x");
    let joined = format!("{KEY},{KEY}");
    let over_long = KEY.repeat(10_000);
    for (values, passes) in [
        (&[KEY][..], true),
        (&[&format!(" \t{KEY}\t ")], true),
        (&[], false),
        (&[""], false),
        (&["  "], false),
        (&[&KEY[1..]], false),
        (&[&KEY[..31]], false),
        (&[&longer], false),
        (&[&KEY.to_uppercase()], false),
        (&[&joined], false),
        (&[KEY, KEY], false),
        (&[KEY, ""], false),
        (&["", KEY], false),
        (&[&over_long], false),
        (&["0123456789abcdef0123456789abcde\u{e9}"], false),
    ] {
        let values = |name| headers(&values.iter().map(|value| (name, *value)).collect::<Vec<_>>());
        assert_eq!(verify::<DigicertReceiver>(KEY, &values("x-webhook-key"), "{}"), passes);
        assert_eq!(verify::<CloudflareReceiver>(KEY, &values("cf-webhook-auth"), "{}"), passes);
        assert!(!verify::<DigicertReceiver>(KEY, &values("cf-webhook-auth"), "{}"));
    }
}

#[test]
fn a_signature_is_over_the_raw_bytes() {
    let body = r#"{"name":"\u00e4"}"#;
    let right = signature(body, "app");
    let hex = &right["sha256=".len()..];
    let verify = |values: &[(&'static str, &str)], body| {
        verify::<MetaReceiver>("app", &headers(values), body)
    };
    assert!(verify(&[("x-hub-signature-256", &right)], body));
    assert!(verify(&[("x-hub-signature-256", &format!(" {right} "))], body));
    let sha1 = "sha1=0123456789abcdef0123456789abcdef01234567";
    for values in [
        vec![],
        vec![("x-hub-signature-256", "")],
        vec![("x-hub-signature-256", "sha256=")],
        vec![("x-hub-signature-256", hex)],
        vec![("x-hub-signature-256", &right[..70])],
        vec![("x-hub-signature-256", &format!("{right}0"))],
        vec![("x-hub-signature-256", &format!("{right}00"))],
        vec![("x-hub-signature-256", &format!("SHA256={hex}"))],
        vec![("x-hub-signature-256", &format!("{right},{right}"))],
        vec![("x-hub-signature-256", &right), ("x-hub-signature-256", &right)],
        vec![("x-hub-signature-256", &signature("{}", "app"))],
        vec![("x-hub-signature-256", &signature(body, "other"))],
        vec![("x-hub-signature-256", sha1)],
        vec![("x-hub-signature", sha1)],
        vec![("x-hub-signature", &right)],
    ] {
        assert!(!verify(&values, body), "{values:?}");
    }
    assert!(!verify(&[("x-hub-signature-256", &right)], r#"{"name":"ä"}"#));
    assert!(!verify(&[("x-hub-signature-256", &right)], &format!("{body} ")));
}

#[test]
fn the_open_probe_is_the_test_event_and_nothing_more() {
    let none = HeaderMap::new();
    let probe = |body: &str| DigicertReceiver::is_open_probe(&request(&none, body));
    assert!(probe(TEST_EVENT));
    assert!(probe("\r\n{\"event\":\"test_webhook_endpoint\"}\n"));
    let padded = format!("{TEST_EVENT}{}", " ".repeat(256));
    for body in [
        "",
        "{}",
        "[]",
        r#""test_webhook_endpoint""#,
        r#"{"event":"certificate_issued"}"#,
        r#"{"event":"Test_webhook_endpoint"}"#,
        r#"{"event":["test_webhook_endpoint"]}"#,
        r#"{"event":"test_webhook_endpoint","data":{}}"#,
        r#"{"event":"test_webhook_endpoint","data":null}"#,
        r#"{"event":"certificate_issued","event":"test_webhook_endpoint"}"#,
        r#"{"event":"test_webhook_endpoint"}{}"#,
        &padded,
    ] {
        assert!(!probe(body), "{body}");
    }
    for value in ["", " ", "wrong"] {
        let present = headers(&[("x-webhook-key", value)]);
        assert!(!DigicertReceiver::is_open_probe(&request(&present, TEST_EVENT)), "{value:?}");
    }
    assert!(!CloudflareReceiver::is_open_probe(&request(&none, r#"{"text":"Hello World!"}"#)));
    assert!(!MetaReceiver::is_open_probe(&request(&none, TEST_EVENT)));
}

#[test]
fn the_handshake_echoes_the_challenge_for_the_right_token() {
    let stored = r#"{"app_secret":"app","verify_token":"meaty ham+hock"}"#;
    let right = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meaty+ham%2Bhock";
    for (query, challenge) in [
        (right, Some("1158201444")),
        (&right.replace("1158201444", "%3Cb%3E+%26%C3%A4&other=1"), Some("<b> &ä")),
        (&right.replace("1158201444", "007"), Some("007")),
        (&right.replace("hock", "hoc"), None),
        (&right.replace("hock", "hocks"), None),
        (&right.replace("meaty+ham%2Bhock", ""), None),
        (&right.replace("=subscribe", "=unsubscribe"), None),
        (&right.replace("hub.mode=subscribe&", ""), None),
        (&right.replace("hub.challenge=1158201444&", ""), None),
        (&right.replace("hub.", "hub_"), None),
        (&format!("{right}&hub.challenge=2"), None),
        (&format!("{right}&hub.verify_token=x"), None),
        (&format!("hub.mode=subscribe&{right}"), None),
        ("", None),
    ] {
        let secret = MetaReceiver::secret(&stored.into()).ok().unwrap();
        assert_eq!(MetaReceiver::handshake(&get(query), &secret).as_deref(), challenge, "{query}");
    }
}

#[test]
fn without_a_verify_token_no_handshake_succeeds() {
    for stored in [
        "app",
        r#"{"app_secret":"app"}"#,
        r#"{"app_secret":"app","verify_token":""}"#,
        r#"{"app_secret":"app","verify_token":null}"#,
        r#"{"app_secret":"app","verify_token":"not-filled-in"}"#,
    ] {
        let secret = MetaReceiver::secret(&stored.into()).ok().unwrap();
        for token in ["", "app", "null", "not-filled-in"] {
            let query = format!("hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}");
            assert_eq!(MetaReceiver::handshake(&get(&query), &secret), None, "{stored} {token}");
        }
    }
}

#[test]
fn routes_methods_and_limits_are_fixed() {
    let secret = DigicertReceiver::secret(&KEY.into()).ok().unwrap();
    let handshake = get("hub.mode=subscribe");
    assert!(!DigicertReceiver::is_handshake(&handshake) && MetaReceiver::is_handshake(&handshake));
    assert_eq!(DigicertReceiver::handshake(&handshake, &secret), None);
    assert_eq!(DigicertReceiver::ROUTE, "/webhooks/digicert");
    assert_eq!(CloudflareReceiver::ROUTE, "/webhooks/cloudflare");
    assert_eq!(MetaReceiver::ROUTE, "/webhooks/meta-ct");
    assert_eq!(DigicertReceiver::METHODS, [Method::POST]);
    assert_eq!(CloudflareReceiver::METHODS, [Method::POST]);
    assert_eq!(MetaReceiver::METHODS, [Method::GET, Method::POST]);
    let limits =
        [DigicertReceiver::BODY_LIMIT, CloudflareReceiver::BODY_LIMIT, MetaReceiver::BODY_LIMIT];
    assert_eq!(limits, [512 * 1024, 512 * 1024, 5 * 1024 * 1024]);
}

/// A server may refuse by the head, so no genuine request may fail there.
#[test]
fn the_head_of_a_request_tells_what_it_can_of_every_provider() {
    struct Heads(usize);
    impl ReceiverVisitor for Heads {
        fn visit<R: WebhookReceiver>(&mut self) {
            let row = profile::of(R::PROVIDER);
            let stored = row.sample_secret(KEY);
            let secret = R::secret(&stored).unwrap();
            let sample = (row.samples.request)(&stored, b"{}".to_vec(), NOON).unwrap();
            let sent = sample.received(NOON);
            assert!(R::verify(&sent, &secret), "{}", row.name);
            let mut head = WebhookRequest { body: Vec::new().into(), ..sent };
            assert!(R::verify_head(&head, &secret), "{}", row.name);
            if let Some(proof) = row.proof_header() {
                head.headers.insert(proof, "other".parse().unwrap());
                assert!(!R::verify_head(&head, &secret), "{}", row.name);
                head.headers.remove(proof);
                assert!(!R::verify_head(&head, &secret), "{}", row.name);
            }
            self.0 += 1;
        }
    }
    let mut heads = Heads(0);
    visit_receivers(&mut heads);
    assert_eq!(heads.0, profile::ALL.len());
}
