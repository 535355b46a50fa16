//! Time, and the size of what comes of it, grow as the size of an event does, whatever its sender puts
//! where: for every provider, from the request to the interpretation.

use std::time::{Duration, Instant};

use envelope::Provider;
use providers::profile::{self, NotReceived};
use providers::request::WebhookRequest;
use serde_json::json;

use crate::support::NOON;

const SECRET: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

/// `count` times the text, with commas between.
fn list(text: &str, count: usize) -> String {
    vec![text; count].join(",")
}

/// Different elements of a list.
fn numbered(count: usize, element: impl Fn(usize) -> String) -> String {
    (0..count).map(element).collect::<Vec<_>>().join(",")
}

/// Provider, name, and an event of some 16 bytes for each of `n`, which is what its sender decides.
pub(crate) type Shape = (Provider, &'static str, fn(usize) -> String);

const SHAPES: &[Shape] = &[
    (Provider::DIGICERT, "members", |n| {
        let members = numbered(n, |number| format!(r#""m{number}":1"#));
        format!(r#"{{"event":"domain_validated","data":{{{members}}}}}"#)
    }),
    (Provider::DIGICERT, "one member again and again", |n| {
        format!(r#"{{"event":"a","data":{{{}}}}}"#, list(r#""order_id":1"#, n))
    }),
    (Provider::DIGICERT, "links", |n| {
        let links = list(r#"{"pem":"-----BEGIN"}"#, n);
        format!(
            r#"{{"event":"certificate_issued","data":{{"certificate_id":1,"certificate_chain":[{links}]}}}}"#
        )
    }),
    (Provider::DIGICERT, "a name", |n| {
        format!(
            r#"{{"event":"domain_validated","data":{{"domain_name":"{}"}}}}"#,
            "a".repeat(16 * n)
        )
    }),
    (Provider::DIGICERT, "an event name", |n| format!(r#"{{"event":"{}"}}"#, "a".repeat(16 * n))),
    (Provider::CERTSPOTTER, "names", |n| {
        certspotter(&format!(r#""dns_names":[{}]"#, list(r#""shop.example.com""#, n)))
    }),
    (Provider::CERTSPOTTER, "endpoints", |n| {
        let endpoints = list(r#"{"monitored_domain":"example.com"}"#, n);
        format!(r#"{{"id":"1","issuance":{{}},"endpoints":[{endpoints}]}}"#)
    }),
    (Provider::CERTSPOTTER, "one long certificate", |n| {
        certspotter(&format!(r#""cert_der":"{}""#, "AAAA".repeat(n)))
    }),
    (Provider::CLOUDFLARE, "hosts and certificates", |n| {
        let (hosts, all) = (list(r#""a.example""#, n / 2), list(r#"{"issuer":"i"}"#, n / 2));
        cloudflare(&format!(r#""ssl":{{"hosts":[{hosts}],"certificates":[{all}]}}"#))
    }),
    (Provider::CLOUDFLARE, "errors", |n| {
        cloudflare(&format!(r#""ssl":{{"validation_errors":[{}]}}"#, list(r#"{"message":"m"}"#, n)))
    }),
    (Provider::CLOUDFLARE, "one error", |n| {
        let message = "m".repeat(16 * n);
        cloudflare(&format!(r#""ssl":{{"validation_errors":[{{"message":"{message}"}}]}}"#))
    }),
    (Provider::CLOUDFLARE, "records", |n| {
        let records = list(r#"{"txt_name":"m"}"#, n);
        cloudflare(&format!(r#""ssl":{{"validation_records":[{records}]}}"#))
    }),
    (Provider::CLOUDFLARE, "long values", |n| {
        let text = "a".repeat(4 * n);
        cloudflare(&format!(
            r#""hostname":"{text}","ssl":{{"issuer":"{text}","cname":"{text}","serial_number":"{}"}}"#,
            "1".repeat(4 * n)
        ))
    }),
    (Provider::META, "names", |n| {
        phishing(&numbered(n, |number| format!(r#""n{number}.example""#)))
    }),
    (Provider::META, "one name", |n| phishing(&list(r#""name.example""#, n))),
    (Provider::META, "no names", |n| phishing(&list(r#""!!!!!!!!!!!!""#, n))),
    (Provider::META, "a long name", |n| phishing(&format!(r#""{}.b""#, "a".repeat(16 * n)))),
    (Provider::META, "a certificate's names", |n| {
        let names = list(r#""a.example""#, n);
        meta(&format!(
            r#""changes":[{{"field":"phishing","value":{{"ct_cert":{{"id":"1","domains":[{names}]}}}}}}]"#
        ))
    }),
    (Provider::META, "changes", |n| {
        meta(&format!(r#""changed_fields":[{}]"#, list(r#""a""#, n / 64)))
    }),
    (Provider::META, "one member again and again, then changes", |n| {
        let (again, changes) = (list(r#""changes":1"#, n), list("{}", (n / 64).max(1)));
        meta(&format!(r#"{again},"changes":[{changes}]"#))
    }),
    (Provider::META, "members around the entries", |n| {
        let (members, entries) = (numbered(n, |number| format!(r#""m{number}":1"#)), list("{}", 8));
        format!(r#"{{"object":"certificate_transparency",{members},"entry":[{entries}]}}"#)
    }),
];

fn certspotter(issuance: &str) -> String {
    format!(r#"{{"id":"1","endpoints":[],"issuance":{{{issuance}}}}}"#)
}

fn cloudflare(data: &str) -> String {
    let metadata = json!({
        "event": {"type": "ssl.custom_hostname_certificate.issuance.failed"},
        "zone": {"id": "z"},
    });
    format!(r#"{{"metadata":{metadata},"data":{{"id":"h","hostname":"a.example",{data}}}}}"#)
}

fn meta(entry: &str) -> String {
    format!(r#"{{"object":"certificate_transparency","entry":[{{"id":"1",{entry}}}]}}"#)
}

fn phishing(names: &str) -> String {
    meta(&format!(r#""changes":[{{"field":"phishing","value":{{"phishing_domains":[{names}]}}}}]"#))
}

/// The request with this body, as its provider makes it.
fn request(provider: Provider, body: &str) -> WebhookRequest {
    let row = profile::of(provider);
    (row.samples.request)(&row.sample_secret(SECRET), body.as_bytes().to_vec(), NOON)
        .unwrap()
        .received(NOON)
}

/// The time that it takes to receive and interpret all events of a request, and the bytes of the
/// envelopes, and of what is delivered beside the payloads.
fn receive(provider: Provider, request: &WebhookRequest) -> (Duration, usize, usize) {
    let row = profile::of(provider);
    let secret = row.sample_secret(SECRET);
    let began = Instant::now();
    let events = (row.receive)(request, &secret).unwrap();
    let interpretations: Vec<_> =
        events.iter().map(|event| (row.interpret)(&event.envelope)).collect();
    let took = began.elapsed();
    let envelopes = events.iter().map(|event| event.envelope.data.get().len()).sum();
    let beside = interpretations.iter().map(|interpretation| {
        let all = json!([
            interpretation.subject,
            interpretation.event,
            interpretation.identifiers,
            interpretation.problems,
            interpretation.dcv,
            interpretation.certificates,
        ]);
        all.to_string().len()
    });
    (took, envelopes, beside.sum())
}

/// Twice the linear growth is allowed for, since allocators and caches are not linear. The best of several
/// measurements counts, so that a busy machine makes no difference.
pub(crate) fn assert_linear(shapes: &[Shape]) {
    for (provider, name, shape) in shapes {
        let (small, large) =
            (request(*provider, &shape(4_000)), request(*provider, &shape(16_000)));
        let is_linear = || {
            let best = |request| (0..3).map(|_| receive(*provider, request).0).min().unwrap();
            let (small, large) = (best(&small), best(&large));
            large < 8 * small.max(Duration::from_micros(500))
        };
        assert!((0..5).any(|_| is_linear()), "{provider}: {name}");
    }
}

/// What an event tells beside its payload fits a queue message, and the envelopes of a request are not
/// much larger than the request.
pub(crate) fn assert_bounded(shapes: &[Shape]) {
    for (provider, name, shape) in shapes {
        for count in [1_000, 30_000] {
            let request = request(*provider, &shape(count));
            let (_, envelopes, beside) = receive(*provider, &request);
            let body = request.body.len();
            assert!(envelopes <= 4 * body + 2 * 1024 * 1024, "{provider}: {name}: {envelopes}");
            let limit = 600 * 1024;
            assert!(beside <= limit, "{provider}: {name}, {body} bytes: {beside}");
        }
    }
}

#[test]
fn time_is_linear_in_the_size_of_an_event() {
    assert_linear(SHAPES);
}

#[test]
fn what_comes_of_an_event_is_bounded() {
    assert_bounded(SHAPES);
}

#[test]
fn more_updates_than_meta_sends_are_refused_before_anything_is_built() {
    let entries = list("{}", 900_000);
    let body = format!(r#"{{"object":"certificate_transparency","entry":[{entries}]}}"#);
    let request = request(Provider::META, &body);
    let row = profile::of(Provider::META);
    let began = Instant::now();
    let refused = (row.receive)(&request, &row.sample_secret(SECRET));
    assert!(matches!(refused, Err(NotReceived::Document(_))));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
