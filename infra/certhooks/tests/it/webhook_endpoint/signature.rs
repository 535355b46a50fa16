//! Meta's signature: HMAC-SHA256 over the raw bytes of the body.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use ring::hmac;

use super::{delivers_only, event};
use crate::harness::{Local, META_SECRET, META_TOKEN, meta_signature};
use crate::wire::{META, Request, SIGNATURE_HEADER};

fn signed(body: &[u8], algorithm: hmac::Algorithm, secret: &str) -> String {
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    HEXLOWER.encode(hmac::sign(&key, body).as_ref())
}

/// The signature is over the bytes as they are sent, with their escapes, blanks and repeated members.
#[test]
fn the_signature_of_the_raw_bytes() {
    let local = Local::start(&[]);
    let escaped = event(META, 0).replace(r#""other""#, r#""\u00e4\/ @%""#);
    let spaced = format!(" \r\n{}\n", event(META, 1));
    let raw = event(META, 2).replace(r#""other""#, r#""ä—""#);
    let upper = event(META, 3);
    let hex = signed(upper.as_bytes(), hmac::HMAC_SHA256, META_SECRET).to_ascii_uppercase();
    let around = event(META, 4);
    let both = event(META, 5);
    let requests = [
        Request::meta(escaped),
        Request::meta(spaced),
        Request::meta(raw),
        // The case of hexadecimal digits does not matter.
        Request::bare(META, &*upper).with(SIGNATURE_HEADER, format!("sha256={hex}")),
        Request::bare(META, &*around)
            .with("x-hub-signature-256", format!(" {}\t", meta_signature(around.as_bytes()))),
        Request::meta(&*both).with("X-Hub-Signature", "sha1=00"),
    ];
    let ids = requests.map(|request| request.send(&local).accepted_one());
    delivers_only(&local, &ids);
}

#[test]
fn everything_else_is_unauthorized() {
    let local = Local::start(&[]);
    let body = event(META, 1);
    let right = meta_signature(body.as_bytes());
    let hex = right.strip_prefix("sha256=").unwrap();
    let sha1 = signed(body.as_bytes(), hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, META_SECRET);
    let mut bodies = BTreeSet::new();
    for value in [
        String::new(),
        "sha256=".to_owned(),
        hex.to_owned(),
        format!("sha1={sha1}"),
        format!("sha256={sha1}"),
        format!("sha1={hex}"),
        format!("SHA256={hex}"),
        format!("sha256= {hex}"),
        format!("sha256={}", &hex[1..]),
        format!("sha256={}", &hex[2..]),
        format!("sha256={hex}0"),
        format!("sha256={hex}00"),
        format!("sha256={}", "0".repeat(64)),
        format!("sha256={}", "g".repeat(64)),
        format!("sha256={}", hex.repeat(200)),
        format!("{right}, {right}"),
        format!("{right},"),
        META_SECRET.to_owned(),
        meta_signature(event(META, 2).as_bytes()),
        meta_signature(format!("{body}\n").as_bytes()),
        meta_signature(b""),
        format!("sha256={}", signed(body.as_bytes(), hmac::HMAC_SHA256, META_TOKEN)),
        format!("sha256={}", signed(body.as_bytes(), hmac::HMAC_SHA256, "")),
    ] {
        let answer = Request::bare(META, &*body).with(SIGNATURE_HEADER, &*value).send(&local);
        assert_eq!(answer.status, 401, "{value:.100}");
        answer.refused(401);
        bodies.insert(answer.body);
    }
    for request in [
        Request::bare(META, &*body),
        Request::bare(META, &*body).with("X-Hub-Signature", format!("sha1={sha1}")),
        Request::bare(META, &*body).with("X-Hub-Signature", &*right),
        Request::meta(&*body).with(SIGNATURE_HEADER, &*right),
        Request::meta(&*body).with(SIGNATURE_HEADER, "sha256=00"),
        Request::bare(META, "not JSON").with(SIGNATURE_HEADER, &*right),
    ] {
        let answer = request.send(&local);
        answer.refused(401);
        bodies.insert(answer.body);
    }
    assert_eq!(bodies.len(), 1);
    let good = Request::meta(event(META, 3)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}
