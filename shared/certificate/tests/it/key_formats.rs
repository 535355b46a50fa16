use std::fmt::Write;

use certificate::{REMOVED, redact_json, redact_text};
use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use serde_json::{Value, json};

use crate::cpu_time::cpu_time;
use crate::fixtures::*;
use crate::properties::TIME_LIMIT;
use crate::redaction::{body, key};

fn other_keys() -> Value {
    serde_json::from_str(include_str!("../fixtures/test-only-private-keys.json")).unwrap()
}

fn der(position: usize) -> Vec<u8> {
    BASE64.decode(body(&key(position)).as_bytes()).unwrap()
}

/// Redacts a document twice: nothing is found in what the first time left.
fn redacted(document: &Value) -> (Value, Vec<String>) {
    let (clean, labels) =
        redact_json(&document.to_string()).unwrap_or_else(|| panic!("{document}"));
    assert_eq!(redact_json(&clean), None);
    (serde_json::from_str(&clean).unwrap(), labels)
}

/// What stays of a JWK.
fn public(jwk: &Value, replacement: Option<&str>) -> Value {
    let mut public = jwk.clone();
    let members = public.as_object_mut().unwrap();
    for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        match replacement {
            Some(text) if members.contains_key(name) => members[name] = json!(text),
            _ => drop(members.remove(name)),
        }
    }
    public
}

#[test]
fn the_private_members_of_a_jwk() {
    for jwk in other_keys()["jwks"].as_array().unwrap() {
        let removed = public(jwk, Some(REMOVED));
        let event = |jwk: &Value| json!({"d": "2026-01-01", "data": [{"key": jwk}], "k": "a"});
        assert_eq!(redacted(&event(jwk)), (event(&removed), vec!["JWK".to_owned()]));
        let keys = json!({"keys": [jwk, public(jwk, None), jwk]});
        let (clean, labels) = redacted(&keys);
        assert_eq!(clean, json!({"keys": [removed, public(jwk, None), removed]}));
        assert_eq!(labels, ["JWK", "JWK"]);
        // Within strings, also where a quote is written `\u0022`, and in base64.
        let pretty = serde_json::to_string_pretty(&keys).unwrap();
        for text in [keys.to_string(), pretty, json!({"body": keys.to_string()}).to_string()] {
            let escaped = json!({"jwk": text}).to_string().replace("\\\"", "\\u0022");
            let escaped: Value = serde_json::from_str(&escaped).unwrap();
            for document in [json!({"jwk": text}), json!({"jwk": ["the key: ", text]}), escaped] {
                let (clean, labels) = redacted(&document);
                assert_eq!(labels, ["JWK", "JWK"], "{document}");
                assert_eq!(clean.to_string().matches(REMOVED).count() % 2, 0);
            }
            let (clean, _) = redact_text(&BASE64.encode(text.as_bytes())).unwrap();
            assert_eq!(clean, REMOVED);
        }
        let dotnet = format!("{{\"jwk\":\"{}\"}}", keys.to_string().replace('"', "\\u0022"));
        assert_eq!(redact_json(&dotnet).unwrap().1.len(), 2);
    }
}

#[test]
fn other_members_of_these_names() {
    let jwks = other_keys()["jwks"].clone();
    let public: Vec<Value> = jwks.as_array().unwrap().iter().map(|jwk| public(jwk, None)).collect();
    for document in [
        json!({"keys": public}),
        json!({"jwk": json!({"keys": public}).to_string()}),
        json!({"d": jwks[0]["d"], "k": "GawgguFyGrWKav7AX4VKUg", "public": public}),
        json!({"kty": "RSA", "d": "2026-01-01", "p": 1, "k": "", "q": null}),
        json!({"kty": "RSA", "d": "this is a description, not a number"}),
        json!({"about": "kty and \"d\":\"ok\"", "d": jwks[0]["d"]}),
    ] {
        assert_eq!(redact_json(&document.to_string()), None, "{document}");
    }
}

/// Keys in hexadecimal as tools write them, and in base64 with blanks.
#[test]
fn letters_with_something_between() {
    let octets = |octets: &[u8], before: &str, between: &str, in_a_line: usize| {
        let mut text = String::new();
        for (place, octet) in octets.iter().enumerate() {
            let line_break = if place > 0 && place % in_a_line == 0 { "\n    " } else { "" };
            let between = if place > 0 { between } else { "" };
            write!(text, "{between}{line_break}{before}{octet:02x}").unwrap();
        }
        text
    };
    for position in 0..4 {
        let der = der(position);
        let letters: Vec<char> = BASE64.encode(&der).chars().collect();
        let in_blanks = |count: usize| {
            letters.chunks(count).map(String::from_iter).collect::<Vec<_>>().join(" ")
        };
        for text in [
            octets(&der, "", ":", usize::MAX),
            octets(&der, "", ":", 15),
            octets(&der, "", ":", 15).to_ascii_uppercase(),
            octets(&der, "", "", 32),
            octets(&der, "", " ", usize::MAX),
            octets(&der, "", "-", usize::MAX),
            HEXUPPER.encode(&der),
            in_blanks(1),
            in_blanks(4),
            in_blanks(64).replace(' ', "\\n"),
            in_blanks(64).replace(' ', "\n      "),
        ] {
            for (text, expected) in [
                (text.clone(), "[x]"),
                (format!("0x{text}"), "0x[x]"),
                (format!("the key is {text}\nissued"), "the key is [x]\nissued"),
                (
                    format!("\\n{text}\\n-----END CERTIFICATE-----"),
                    "\\n[x]\\n-----END CERTIFICATE-----",
                ),
            ] {
                let (clean, labels) = redact_text(&text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(clean, expected.replace("[x]", REMOVED), "{text}");
                assert_eq!(labels.len(), 1);
            }
        }
        for (before, between) in [("0x", ", "), ("\\x", "")] {
            let text = octets(&der, before, between, usize::MAX);
            assert_eq!(redact_text(&text).unwrap().0, format!("{before}{REMOVED}"));
        }
    }
}

#[test]
fn public_octets_in_hexadecimal() {
    let public = rcgen::KeyPair::generate().unwrap().public_key_pem();
    for pem in [RSA, EC_P256, PSS, ED25519, REQUEST, PKCS7]
        .map(blocks)
        .concat()
        .into_iter()
        .chain([public.as_str()])
    {
        let der = BASE64.decode(body(pem).as_bytes()).unwrap();
        let pairs: Vec<String> = der.iter().map(|octet| format!("{octet:02X}")).collect();
        for text in [HEXLOWER.encode(&der), pairs.join(":"), pairs.join(" ")] {
            assert_eq!(redact_text(&text), None, "{text}");
        }
    }
    // The contents of a revocation list, and of a certificate of version 1 whose serial number is 1 or 3.
    for start in ["304502010130", "304502010330"] {
        let text = format!("{start}0D06092A864886F70D01010B0500{}", "3012310B3009".repeat(8));
        assert_eq!(redact_text(&text), None, "{text}");
    }
    for text in [
        "02:5A:66:5D:E7:59:BD:AF:36:08:5D:09:25:08:FE:71:61:7D:1C:78",
        "sha256 30:45:02:21:00:D5:1E:DD:9F:FB:22:25:93:C9:27:17:8E:B2:A9:6B:C5:BD:67:39:A8:BC:43:9B:5B:45:8C:19",
        "6f70656e737368 0x3082, 3082025d02",
        "MIIEvQIBADANBgkqhkiG9w0BAQEF",
    ] {
        assert_eq!(redact_text(text), None, "{text}");
    }
}

/// A list of a key's lines, each a string: with and without boundaries, and upside down.
#[test]
fn lists_of_lines_without_boundaries_or_in_another_order() {
    let openssh = other_keys()["openssh"].as_str().unwrap().to_owned();
    for pem in [key(0), key(1), key(2), key(3), openssh] {
        let whole: Vec<&str> = pem.lines().collect();
        let inner = &whole[1..whole.len() - 1];
        let mut turned = whole.clone();
        turned.swap(0, whole.len() - 1);
        let upside_down: Vec<&str> = whole.iter().rev().copied().collect();
        let without_end = &whole[..whole.len() - 1];
        for lines in [&whole, inner, &turned, &upside_down, without_end] {
            let event =
                |lines: &[&str]| json!({"a": "issued", "key": lines, "b": "issued", "c": ["AAAA"]});
            let (clean, labels) = redacted(&event(lines));
            assert_eq!(clean, event(&vec![REMOVED; lines.len()]), "{lines:?}");
            assert_eq!(labels.len(), 1, "{labels:?}");
        }
        // Without the begin, the end may stay.
        let (clean, _) = redacted(&json!(&whole[1..]));
        assert_eq!(clean[inner.len() - 1], REMOVED);
        // Together with other lines, and in a string within the string.
        let chain: Vec<&str> = blocks(EC_P256)[0].lines().collect();
        let (clean, _) = redacted(&json!([chain, inner, chain]));
        assert_eq!(clean, json!([chain, vec![REMOVED; inner.len()], chain]));
        let (clean, _) = redacted(&json!(json!({"key": inner, "b": 1}).to_string()));
        assert_eq!(clean, json!(format!("{{\"b\":1,\"key\":[\"{REMOVED}\"]}}")));
    }
    for position in 0..4 {
        let pairs: Vec<String> =
            der(position).iter().map(|octet| format!("{octet:02x}:")).collect();
        let lines: Vec<String> = pairs.chunks(20).map(|line| line.concat()).collect();
        let (clean, labels) = redacted(&json!({"key": lines, "time": "12:30"}));
        let expected = json!({"key": vec![REMOVED; lines.len()], "time": "12:30"});
        // The colon after the last line that has the beginning stays.
        assert_eq!(clean.to_string().replace("hooks]:", "hooks]"), expected.to_string());
        assert_eq!(labels.len(), 1);
        let base64 = body(&key(position));
        let forward = base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into());
        let mut lines: Vec<String> = forward.collect();
        lines.reverse();
        let (clean, _) = redacted(&json!(lines));
        assert_eq!(clean, json!(vec![REMOVED; lines.len()]), "{lines:?}");
    }
    // A key that was cut takes no other member with it.
    let cut = json!({"key": &body(&key(0))[..200], "serial": "0A".repeat(16), "status": "issued"});
    let (clean, _) = redacted(&cut);
    assert_eq!(clean, json!({"key": REMOVED, "serial": "0A".repeat(16), "status": "issued"}));
    let lines: Vec<&str> = RSA.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(redact_json(&json!(lines).to_string()), None);
}

#[test]
fn an_end_without_its_begin() {
    let openssh = other_keys()["openssh"].as_str().unwrap().to_owned();
    for pem in [key(0), key(1), key(2), key(3), openssh.clone()] {
        let (_, rest) = pem.trim_end().split_once('\n').unwrap();
        for (before, after) in [("", ""), ("issued:\n", "\nb"), (RSA, "\nb")] {
            let (clean, labels) = redact_text(&format!("{before}{rest}{after}")).unwrap();
            assert_eq!(clean, format!("{}{REMOVED}{after}", before.trim_end_matches('\n')));
            assert_eq!(labels.len(), 1);
        }
    }
    // Of a key that is encrypted in OpenSSL's own way nothing else tells.
    let text = format!("DEK-Info: A,00\n\n{}\n-----END RSA PRIVATE KEY-----\nb", "Jk3/".repeat(40));
    let (clean, _) = redact_text(&text).unwrap();
    assert!(!clean.contains("Jk3/") && clean.ends_with(&format!("{REMOVED}\nb")), "{clean}");
    // OpenSSH's without either.
    let (clean, labels) = redact_text(&format!("the key: {}, issued", body(&openssh))).unwrap();
    assert_eq!(
        (clean, labels),
        (format!("the key: {REMOVED}, issued"), vec!["OPENSSH PRIVATE KEY".to_owned()])
    );
}

#[test]
fn numbers_in_xml_and_as_openssl_prints_them() {
    let keys = other_keys();
    let xml = keys["xml"].as_str().unwrap();
    let (clean, labels) = redact_text(&format!("<a>{xml}</a>")).unwrap();
    assert_eq!((clean.matches(REMOVED).count(), labels), (6, vec!["RSAKeyValue".to_owned()]));
    assert!(
        clean.contains("<Exponent>AQAB</Exponent>") && clean.contains(&format!("<D>{REMOVED}</D>"))
    );
    let (public, _) = xml.split_once("<P>").unwrap();
    assert_eq!(redact_text(&format!("{public}</RSAKeyValue><P>a paragraph of text</P>")), None);

    for (text, numbers) in keys["openssl"].as_array().unwrap().iter().zip([6, 1]) {
        let text = text.as_str().unwrap();
        for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace("    ", "")] {
            let (clean, labels) = redact_text(&text).unwrap();
            assert_eq!((clean.matches(REMOVED).count(), labels.len()), (numbers, 1), "{clean}");
            let private = text.split("priv").nth(1).unwrap();
            let first = private.lines().nth(1).unwrap();
            assert!(!clean.contains(first) && text.contains(first), "{clean}");
            for name in [
                "Private-Key: (",
                "modulus:",
                "publicExponent: 65537 (0x10001)",
                "prime2:",
                "exponent1:",
                "coefficient:",
                "pub:",
                "ASN1 OID: prime256v1",
            ] {
                assert_eq!(clean.contains(name), text.contains(name), "{name} {clean}");
            }
            assert_eq!(redact_text(&clean), None);
        }
    }
    let public =
        "Public-Key: (256 bit)\npub:\n    04:a4:94:38:25:5c:9a:0b:74:22:b8:ba:93:8c:c5:\n    1c";
    assert_eq!(redact_text(public), None);
}

#[test]
fn a_file_of_putty() {
    let file = other_keys()["putty"].as_str().unwrap().to_owned();
    let (kept, _) = file.split_once("Private-Lines").unwrap();
    assert_eq!(redact_text("a file has a line \"Private-Lines:\", and no more"), None);
    let (clean, labels) = redact_text(&format!("{file}issued")).unwrap();
    assert_eq!((clean, labels), (format!("{kept}{REMOVED}\nissued"), vec!["PuTTY".to_owned()]));
    let lines: Vec<&str> = file.lines().collect();
    let (clean, _) = redacted(&json!({"key": lines, "b": "AAAA"}));
    let secret = lines.iter().position(|line| line.starts_with("Private-Lines")).unwrap();
    assert_eq!(clean["key"][secret + 1], REMOVED);
    assert_eq!(
        (&clean["key"][secret - 1], &clean["b"]),
        (&json!(lines[secret - 1]), &json!("AAAA"))
    );
}

/// Texts that begin like a key again and again.
#[test]
fn texts_of_nothing_but_beginnings() {
    let line = &body(&key(0))[..64];
    let eddsa = "MC4CAQAwBQYDK2VwBCIEI";
    let pieces = [
        "M".to_owned(),
        "MI".to_owned(),
        "30".to_owned(),
        "M ".to_owned(),
        format!("M{}", " ".repeat(64)),
        "MIIEvQIBADANBgkqhkiG9w0BAQEF".to_owned(),
        format!("{eddsa}A\""),
        "MHcCAQEEI".to_owned(),
        "MGACAQAwewYDK2Vw".to_owned(),
        "30820201".to_owned(),
        "b3BlbnNzaC1rZXktdjE".to_owned(),
        "b3BlbnNzaC1rZXktdjEA".to_owned(),
        format!("\"{line}\","),
        format!("\"{line}\":\"{line}\","),
        format!("[\"{line}\",\"a\",\"b\"],"),
        "\"-----BEGIN PRIVATE KEY-----\":1,".to_owned(),
        "\"-----BEGIN PRIVATE KEY-----\",\"A\",".to_owned(),
        "\"-----END PRIVATE KEY-----\",\"A\",".to_owned(),
        "AAAA-----END PRIVATE KEY-----".to_owned(),
        "{\"kty\":".to_owned(),
        "\"kty\":\"d\":".to_owned(),
        "\"d\":\"".to_owned(),
        "\":".to_owned(),
        "RSAKeyValue<".to_owned(),
        "RSAKeyValue<D>A".to_owned(),
        "Private-Key:priv:".to_owned(),
        "dk: Private-Key:a".to_owned(),
        "Private-Lines:".to_owned(),
        "Private-Lines: 1".to_owned(),
        "\"Private-Lines: 9\",\"A\",".to_owned(),
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t".to_owned(),
        "eyJrdHki\n".to_owned(),
        "\\\"".to_owned(),
        "\\".to_owned(),
    ];
    for piece in pieces {
        let text = piece.repeat(100_000 / piece.len());
        let start = cpu_time();
        let _ = redact_text(&text);
        let _ = redact_json(&text);
        let _ = redact_json(&json!({"kty": text}).to_string());
        assert!(cpu_time() - start < TIME_LIMIT, "{piece}: {:?}", cpu_time() - start);
    }
}
