use data_encoding::HEXLOWER;
use fuzz::corpus;
use fuzz::webhook_endpoints::SECRET;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use proptest::sample::select;
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

/// A body: any bytes, any JSON, or a sample with some changed octets.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let folders = profile::ALL.iter().map(|profile| format!("events/{}", profile.name));
    let samples: Vec<_> = folders.flat_map(|folder| corpus::folder(&folder)).collect();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    prop_oneof![
        any::<Vec<u8>>(),
        json().prop_map(String::into_bytes),
        (select(samples), changes).prop_map(|(mut sample, changes)| {
            for (at, octet) in changes {
                let at = at.index(sample.len());
                sample[at] = octet;
            }
            sample
        }),
    ]
}

/// The header by which each provider authenticates a request, here of an empty body.
fn authentication() -> impl Iterator<Item = (&'static str, String)> {
    profile::ALL.iter().map(|row| {
        let request = (row.samples.request)(&row.sample_secret(SECRET), Vec::new(), NOON).unwrap();
        request.headers.last().unwrap().clone()
    })
}

/// Headers with names that a webhook endpoint reads or any others, and with valid values or any
/// others.
fn headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![
        select(authentication().map(|(name, _)| name).chain(["traceparent"]).collect::<Vec<_>>())
            .prop_map(str::to_owned),
        "[a-z][a-z-]{0,8}",
    ];
    let value = prop_oneof![
        select(authentication().map(|(_, value)| value.into_bytes()).collect::<Vec<_>>()),
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

/// Any request; some have a valid signature in Meta's header.
pub(crate) fn request() -> impl Strategy<Value = WebhookRequest> {
    let method = prop_oneof![
        4 => select(vec![Method::POST, Method::GET]),
        1 => "[A-Z]{1,9}".prop_map(|name| Method::from_bytes(name.as_bytes()).unwrap()),
    ];
    let query = prop_oneof![
        ".{0,40}",
        "hub.mode=subscribe&hub.challenge=[0-9]{1,9}&hub.verify_token=[a-z0-9]{0,40}",
    ];
    (method, headers(), query, body(), any::<bool>()).prop_map(|parts| {
        let (method, mut headers, query, body, is_signed) = parts;
        if is_signed {
            headers.insert("x-hub-signature-256", signature(&body).parse().unwrap());
        }
        WebhookRequest { method, query, ..WebhookRequest::post(headers, body, NOON) }
    })
}
