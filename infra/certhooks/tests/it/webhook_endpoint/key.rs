//! CertCentral's key and Cloudflare's secret, which are sent as the value of a header.

use std::collections::BTreeSet;

use super::{delivers_only, event};
use crate::harness::{CLOUDFLARE_AUTH, DIGICERT_KEY, Local, META_SECRET};
use crate::wire::{AUTH_HEADER, Answer, CLOUDFLARE, DIGICERT, KEY_HEADER, Request};

const SECRET_HEADERS: [(&str, &str, &str); 2] =
    [(DIGICERT, KEY_HEADER, DIGICERT_KEY), (CLOUDFLARE, AUTH_HEADER, CLOUDFLARE_AUTH)];

/// Header names are case-insensitive, and white space around a value is not part of it (RFC 9110,
/// sections 5.1 and 5.5).
#[test]
fn the_right_key_in_any_header_case_and_with_white_space_around() {
    let local = Local::start(&[]);
    let mut ids = Vec::new();
    for (route, header, key) in SECRET_HEADERS {
        let mixed = header.char_indices().map(|(index, letter)| {
            if index % 2 == 0 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
        });
        for (name, value) in [
            (header.to_owned(), key.to_owned()),
            (header.to_ascii_lowercase(), key.to_owned()),
            (header.to_ascii_uppercase(), key.to_owned()),
            (mixed.collect(), key.to_owned()),
            (header.to_owned(), format!("   {key}")),
            (header.to_owned(), format!("{key}   ")),
            (header.to_owned(), format!("\t {key} \t")),
        ] {
            let body = event(route, ids.len() as u64);
            ids.push(Request::bare(route, body).with(&name, value).send(&local).accepted_one());
        }
    }
    delivers_only(&local, &ids);
}

/// The answer is the same for every unauthorized request, and nothing is queued.
#[test]
fn everything_else_is_unauthorized() {
    let local = Local::start(&[]);
    for (route, header, key) in SECRET_HEADERS {
        let body = event(route, 1);
        let mut answers: Vec<(String, Answer)> = values(key)
            .into_iter()
            .map(|lines| {
                let request = lines.iter().fold(Request::bare(route, &*body), |request, line| {
                    request.with(header, line.as_slice())
                });
                (format!("{:?}", lines.first()), request.send(&local))
            })
            .collect();
        for (what, request) in other_requests(route, header, key) {
            answers.push((what.to_owned(), request.send(&local)));
        }
        let mut bodies = BTreeSet::new();
        for (what, answer) in &answers {
            assert_eq!(answer.status, 401, "{route} {what:.80}");
            answer.refused(401);
            bodies.insert(&answer.body);
        }
        assert_eq!(bodies.len(), 1, "{route}");
    }
    let good = SECRET_HEADERS.map(|(route, ..)| Request::to(route, event(route, 2)).send(&local));
    delivers_only(&local, &good.map(|answer| answer.accepted_one()));
}

/// Header lines that are not exactly one line with the key.
fn values(key: &str) -> Vec<Vec<Vec<u8>>> {
    let (all_but_last, _) = key.split_at(key.len() - 1);
    let one = [
        String::new(),
        "   ".to_owned(),
        "wrong".to_owned(),
        "null".to_owned(),
        "not-filled-in".to_owned(),
        all_but_last.to_owned(),
        key[1..].to_owned(),
        format!("{key}x"),
        format!("x{key}"),
        key.to_ascii_uppercase(),
        format!("{key}{key}"),
        format!("{key}, {key}"),
        format!("{key},"),
        format!(",{key}"),
        format!("{key},wrong"),
        format!("wrong, {key}"),
        format!("\"{key}\""),
        format!("Bearer {key}"),
        META_SECRET.to_owned(),
        "x".repeat(8 * 1024),
        key.repeat(200),
    ];
    let lines = |lines: &[&str]| lines.iter().map(|line| line.as_bytes().to_vec()).collect();
    let mut values: Vec<Vec<Vec<u8>>> = one.iter().map(|line| lines(&[line])).collect();
    values.push(Vec::new());
    values.push(vec![[key.as_bytes(), b"\xff"].concat()]);
    // Repeated lines count as one, joined with commas (RFC 9110, section 5.3).
    values.extend([&[key, key][..], &[key, "wrong"], &["wrong", key], &["", key]].map(lines));
    values
}

/// Requests with the key in a place where it does not count, and requests that would be refused for
/// another reason if they had the key: verification comes before parsing.
fn other_requests(route: &str, header: &str, key: &str) -> [(&'static str, Request); 5] {
    let body = event(route, 1);
    [
        ("query", Request::bare(&format!("{route}?{header}={key}"), &*body)),
        ("other header", Request::bare(route, &*body).with("authorization", key)),
        ("body", Request::bare(route, key)),
        ("not JSON", Request::bare(route, "{").with(header, "wrong")),
        ("empty body", Request::bare(route, "").with(header, "wrong")),
    ]
}
