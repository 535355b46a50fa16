use certificate::{REMOVED, redact_json, redact_text};
use serde_json::{Value, json};

use crate::fixtures::*;

/// The block of `PRIVATE_KEYS` at this position.
pub(crate) fn key(position: usize) -> String {
    let start = PRIVATE_KEYS.match_indices("-----BEGIN").nth(position).unwrap().0;
    let rest = &PRIVATE_KEYS[start..];
    let (end, _) = rest.match_indices("PRIVATE KEY-----\n").nth(1).unwrap();
    rest[..end + "PRIVATE KEY-----\n".len()].to_owned()
}

pub(crate) fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn keys_of_every_label() {
    let labels = [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "SSH2 ENCRYPTED PRIVATE KEY",
    ];
    for label in labels {
        for line_break in ["\n", "\r\n", "\\n", "\\r\\n", " "] {
            let text = format!(
                "a{line_break}-----BEGIN {label}-----{line_break}Version: 1{line_break}{line_break}c2VjcmV0{line_break}-----END {label}-----{line_break}b"
            );
            let expected = format!("a{line_break}{REMOVED}{line_break}b");
            assert_eq!(redact_text(&text), Some((expected, vec![label.to_owned()])), "{text}");
        }
    }
}

#[test]
fn keys_with_damaged_boundaries() {
    let cases = [
        ("a -----BEGIN PRIVATE KEY-----\nc2Vj", "a [x]"),
        ("a -----BEGIN PRIVATE KEY-----\nc2Vj\n-----END PRIV", "a [x]"),
        ("a -----BEGIN RSA PRIVATE KEY\nc2Vj\n-----END RSA PRIVATE KEY\nb", "a [x]\nb"),
        ("----BEGIN PRIVATE KEY----\nc2Vj\n----END PRIVATE KEY----\nb", "[x]\nb"),
        ("---- BEGIN PRIVATE KEY ----\nc2Vj\n---- END PRIVATE KEY ----\nb", "[x]\nb"),
        ("—–begin private key—–\nc2Vj\n—–end private key—–\nb", "[x]\nb"),
        ("pem=-----BEGIN+PRIVATE+KEY-----%0Ac2Vj%0A-----END+PRIVATE+KEY-----&a=b", "pem=[x]&a=b"),
        ("-----BEGIN RSA PRIVATE KEY-----\nc2Vj\n-----END PRIVATE KEY-----\nb", "[x]\nb"),
        ("-----BEGIN PRIVATE KEY-----\nc2Vj\n-----END CERTIFICATE-----\nc2Vj", "[x]"),
        (
            "-----BEGIN PRIVATE KEY-----\nc2Vj\n-----BEGIN CERTIFICATE-----\nAAAA",
            "[x]-----BEGIN CERTIFICATE-----\nAAAA",
        ),
        ("-----BEGIN PRIVATE KEY-----\nc2Vj\n-----BEGIN PRIVATE KEY-----\nc2Vj", "[x][x]"),
    ];
    for (text, expected) in cases {
        let (clean, _) = redact_text(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(clean, expected.replace("[x]", REMOVED), "{text}");
    }
}

#[test]
fn other_text_is_unchanged() {
    let texts = [
        RSA,
        REQUEST,
        PKCS7,
        DIGICERT,
        "",
        "the private key is BEGIN PRIVATE KEY",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ];
    for text in texts {
        assert_eq!(redact_text(text), None, "{text}");
    }
}

#[test]
fn keys_of_openssl_with_and_without_boundaries() {
    for (position, label) in
        ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
            .into_iter()
            .enumerate()
    {
        let pem = key(position);
        let expected = (REMOVED.to_owned(), vec![label.to_owned()]);
        assert_eq!(redact_text(pem.trim_end()), Some(expected.clone()));
        let bare = body(&pem);
        let lines =
            pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\r\n");
        let url_safe = bare.replace('+', "-").replace('/', "_").replace('=', "");
        for text in [bare, lines, url_safe] {
            assert_eq!(redact_text(&text), Some(expected.clone()));
        }
        let wrapped = data_encoding::BASE64.encode(pem.as_bytes());
        assert_eq!(
            redact_text(&wrapped),
            Some((REMOVED.to_owned(), vec!["PRIVATE KEY".to_owned()]))
        );
    }
}

#[test]
fn base64_of_other_content_is_unchanged() {
    let public = rcgen::KeyPair::generate().unwrap().public_key_pem();
    let pems = [RSA, EC_P256, PSS, ED25519, REQUEST, PKCS7].map(blocks).concat();
    for pem in pems.into_iter().chain([public.as_str()]) {
        assert_eq!(redact_text(&body(pem)), None);
        assert_eq!(redact_text(&data_encoding::BASE64.encode(pem.as_bytes())), None);
    }
    assert_eq!(redact_text(&"A".repeat(400)), None);
}

#[test]
fn json_stays_byte_for_byte_around_a_key() {
    let key = key(2);
    let encoded = serde_json::to_string(&key).unwrap();
    let slashes = encoded.replace('/', "\\/").replace('-', "\\u002D");
    let every_letter: String = key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    for token in [encoded, slashes, format!("\"{every_letter}\"")] {
        let raw = format!(
            "{{ \"a\\/b\" : \"\\u2013\\ud800 \\\\\\\"\",\n\t\"n\": 1.50e+01, \"k\":{token} ,\"k\": [true,null, {token}]}}\n"
        );
        let expected = raw.replace(&token, &format!("\"{REMOVED}\\n\""));
        let (clean, labels) = redact_json(&raw).unwrap();
        assert_eq!(clean, expected);
        assert_eq!(labels, ["PRIVATE KEY", "PRIVATE KEY"]);
    }
}

#[test]
fn keys_in_names_in_nested_json_and_beside_certificates() {
    let key = key(1);
    let inner = json!({"note": "kept – \u{1F511}", "pem": key}).to_string();
    let document = json!({
        "chain": format!("{RSA}{key}{EC_P256}"),
        key.clone(): 1,
        "nested": [[{"twice": inner}]],
        "bare": body(&key),
        "certificate": RSA,
    });
    let (clean, labels) = redact_json(&document.to_string()).unwrap();
    let clean: Value = serde_json::from_str(&clean).unwrap();
    assert_eq!(labels.len(), 4);
    assert_eq!(clean["chain"], format!("{RSA}{REMOVED}\n{EC_P256}"));
    assert_eq!(clean[format!("{REMOVED}\n")], 1);
    assert_eq!(
        clean["nested"][0][0]["twice"],
        json!({"note": "kept – \u{1F511}", "pem": format!("{REMOVED}\n")}).to_string()
    );
    assert_eq!(clean["bare"], REMOVED);
    assert_eq!(clean["certificate"], RSA);
}

#[test]
fn json_without_a_key_is_none() {
    for raw in [
        "null",
        "\"\"",
        "{}",
        "\"\\ud800\"",
        "{\"a\\\"\":\"\\\\\"}",
        "[\"-----BEGIN CERTIFICATE-----\"]",
    ] {
        assert_eq!(redact_json(raw), None, "{raw}");
    }
}

/// A key of each kind that has one in base64, and in hexadecimal.
#[test]
fn bare_keys_among_other_words() {
    use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
    for position in 0..4 {
        let body = body(&key(position));
        let der = BASE64.decode(body.as_bytes()).unwrap();
        for key in [body, HEXLOWER.encode(&der), HEXUPPER.encode(&der)] {
            for (text, expected) in [
                (format!("key: {key}"), "key: [x]"),
                (format!("key={key}; cert=none"), "key=[x]; cert=none"),
                (format!("a\n{key}\nissued"), "a\n[x]\nissued"),
                (format!("\"{key}\", \"{key}\""), "\"[x]\", \"[x]\""),
            ] {
                let (clean, labels) = redact_text(&text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(clean, expected.replace("[x]", REMOVED), "{text}");
                assert_eq!(labels.len(), expected.matches("[x]").count());
            }
        }
    }
}

/// RFC 7292, 4: a version and the contents.
#[test]
fn a_container_of_pkcs_12() {
    let contents = [&[0x30, 0x2F, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1][..], &[0; 36]];
    let container = [&[0x30, 0x34, 2, 1, 3][..], &contents.concat()].concat();
    let text = data_encoding::BASE64.encode(&container);
    assert_eq!(redact_text(&text), Some((REMOVED.to_owned(), vec!["PKCS #12".to_owned()])));
}

#[test]
fn a_key_that_is_spread_over_the_strings_of_a_list() {
    let key = key(1);
    let lines: Vec<&str> = key.lines().collect();
    let removed = vec![REMOVED; lines.len()];
    let of = |value: Value| {
        let (clean, labels) = redact_json(&value.to_string()).unwrap();
        (serde_json::from_str::<Value>(&clean).unwrap(), labels.len())
    };
    let around = json!({"a": "issued", "key": lines, "b": ["issued", "AAAA"]});
    let expected = json!({"a": "issued", "key": removed, "b": ["issued", "AAAA"]});
    assert_eq!(of(around), (expected, 1));
    // In two halves, one of them in an object.
    let (first, second) = key.split_at(key.len() / 2);
    let halves = json!({"one": first, "two": {"rest": second, "state": "issued"}});
    let expected = json!({"one": REMOVED, "two": {"rest": REMOVED, "state": "issued"}});
    assert_eq!(of(halves), (expected, 1));
    // Without its end: the lines that are whole.
    let open = json!([&lines[..3], "issued", "valid"]);
    let expected = json!([&removed[..3], "issued", "valid"]);
    assert_eq!(of(open), (expected, 1));
    // A begin alone takes nothing else with it, nor does one that ends where it begins.
    let begin = json!({"key": lines[0], "status": "issued"});
    assert_eq!(of(begin), (json!({"key": REMOVED, "status": "issued"}), 1));
    let whole = json!([key, "c2VjcmV0"]);
    let (clean, _) = of(whole);
    assert_eq!(clean[1], "c2VjcmV0");
}
