use data_encoding::HEXLOWER;
use fuzz::corpus;
use fuzz::webhook_endpoints::SECRET;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use providers::profile;
use providers::request::WebhookRequest;
use ring::hmac::{HMAC_SHA256, Key, sign};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// The value of Meta's signature header for a body.
pub(crate) fn signature(body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), body);
    format!("sha256={}", HEXLOWER.encode(tag.as_ref()))
}

/// JSON as text, with all variants of white space, escapes and numbers that RFC 8259 allows.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?";
    let leaf = prop_oneof![
        select(vec!["null", "true", "false", "{}", "[ ]", "\"\""]).prop_map(str::to_owned),
        number.prop_map(|number| number),
        string(),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let member = (string(), space(), space(), inner.clone())
            .prop_map(|(name, before, after, value)| format!("{name}{before}:{after}{value}"));
        prop_oneof![
            (space(), prop::collection::vec(inner, 0..5))
                .prop_map(|(space, items)| format!("[{space}{}{space}]", items.join(","))),
            (space(), prop::collection::vec(member, 0..5))
                .prop_map(|(space, members)| format!("{{{space}{}{space}}}", members.join(","))),
        ]
    })
}

/// A JSON string with every form of a character, lone surrogates included.
fn string() -> impl Strategy<Value = String> {
    "\"([^\"\\\\\\x00-\\x1f]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}){0,12}\"".prop_map(|text| text)
}

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}".prop_map(|text| text)
}

/// Changes of some octets.
fn changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec((any::<Index>(), any::<u8>()), 0..3)
}

fn changed(mut bytes: Vec<u8>, changes: Vec<(Index, u8)>) -> Vec<u8> {
    for (at, octet) in changes {
        if let length @ 1.. = bytes.len() {
            bytes[at.index(length)] = octet;
        }
    }
    bytes
}

/// A document: any bytes, any JSON, or a sample with some changed octets.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let folders = profile::ALL.iter().map(|profile| format!("events/{}", profile.name));
    let samples: Vec<_> = folders.flat_map(|folder| corpus::folder(&folder)).collect();
    prop_oneof![
        any::<Vec<u8>>(),
        json().prop_map(String::into_bytes),
        (select(samples), changes()).prop_map(|(sample, changes)| changed(sample, changes)),
    ]
}

/// Headers with names that a webhook endpoint reads or any others, and with any values.
fn headers() -> impl Strategy<Value = HeaderMap> {
    let proofs = profile::ALL.iter().filter_map(|row| row.proof_header());
    let names: Vec<_> = proofs.chain(["content-type", "traceparent"]).collect();
    let name = prop_oneof![select(names).prop_map(str::to_owned), "[a-z][a-z-]{0,8}"];
    let value = prop_oneof![
        Just(SECRET.as_bytes().to_vec()),
        Just(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_vec()),
        any::<Vec<u8>>(),
    ];
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let pair = |(name, value): (String, Vec<u8>)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(&value).ok()?))
        };
        pairs.into_iter().filter_map(pair).collect()
    })
}

/// The request by which any provider sends any document, of which anything may have been changed.
pub(crate) fn request() -> impl Strategy<Value = WebhookRequest> {
    let method = prop_oneof![
        4 => select(vec![Method::POST, Method::GET]),
        1 => "[A-Z]{1,9}".prop_map(|name| Method::from_bytes(name.as_bytes()).unwrap()),
    ];
    let query = prop_oneof![
        ".{0,40}",
        "hub.mode=subscribe&hub.challenge=[0-9]{1,9}&hub.verify_token=[a-z0-9]{0,40}",
    ];
    let sent = (0..profile::ALL.len(), document());
    (sent, option::of(method), headers(), option::of(query), changes()).prop_map(|parts| {
        let ((row, document), method, headers, query, changes) = parts;
        let row = profile::ALL[row];
        let sample = (row.samples.request)(&row.sample_secret(SECRET), document, NOON).unwrap();
        let mut request = sample.received(NOON);
        request.headers.extend(headers);
        request.body = changed(request.body.to_vec(), changes).into();
        let (method, query) = (method.unwrap_or(request.method), query.unwrap_or(request.query));
        WebhookRequest { method, query, ..request }
    })
}
