//! The work of a receiver on a body of 1, 10 and 100 KB: verification, extraction of the events,
//! and their interpretation.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use data_encoding::HEXLOWER;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::dispatch;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use providers::request::{Verified, WebhookRequest};
use ring::hmac;
use serde_json::{Value, json};
use time::macros::datetime;

const KILOBYTES: [usize; 3] = [1, 10, 100];
const SECRET: &str = "sample-webhook-secret-of-32-characters-or-more";

fn main() {
    divan::main();
}

/// A receiver with a body that it accepts, and the header that authenticates it.
trait Sample: WebhookReceiver {
    const FILE: &'static str;
    fn header(body: &str) -> (&'static str, String);
    /// The list of names that makes the body large.
    fn names(body: &mut Value) -> &mut Value;
}

impl Sample for DigicertReceiver {
    const FILE: &'static str = "digicert/certificate_issued.json";
    fn header(_body: &str) -> (&'static str, String) {
        ("x-webhook-key", SECRET.to_owned())
    }
    fn names(body: &mut Value) -> &mut Value {
        &mut body["data"]["dns_names"]
    }
}

impl Sample for CloudflareReceiver {
    const FILE: &'static str = "cloudflare/issuance_succeeded.json";
    fn header(_body: &str) -> (&'static str, String) {
        ("cf-webhook-auth", SECRET.to_owned())
    }
    fn names(body: &mut Value) -> &mut Value {
        &mut body["data"]["ssl"]["hosts"]
    }
}

impl Sample for MetaReceiver {
    const FILE: &'static str = "meta-ct/certificate_changes.json";
    fn header(body: &str) -> (&'static str, String) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = hmac::sign(&key, body.as_bytes());
        ("x-hub-signature-256", format!("sha256={}", HEXLOWER.encode(signature.as_ref())))
    }
    fn names(body: &mut Value) -> &mut Value {
        &mut body["entry"][0]["changes"][0]["value"]["domains"]
    }
}

fn body<R: Sample>(kilobytes: usize) -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/");
    let text = std::fs::read_to_string(format!("{file}{}", R::FILE)).unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap();
    let name = "www.example.com";
    *R::names(&mut body) = json!(vec![name; kilobytes * 1000 / (name.len() + 3)]);
    body.to_string()
}

/// A request with a body of this size, as the provider sends it.
fn request<R: Sample>(kilobytes: usize) -> WebhookRequest {
    let body = body::<R>(kilobytes);
    let (name, value) = R::header(&body);
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap());
    WebhookRequest::post(headers, body, datetime!(2026-03-01 12:00 UTC))
}

fn size(request: &WebhookRequest) -> BytesCount {
    BytesCount::new(request.body.len())
}

#[divan::bench(types = [DigicertReceiver, CloudflareReceiver, MetaReceiver], args = KILOBYTES)]
fn verified<R: Sample>(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let request = request::<R>(kilobytes);
    let secret = json!({
        "webhook_key": SECRET, "webhook_auth": SECRET, "app_secret": SECRET, "verify_token": SECRET,
    });
    let secret = R::secret(&secret.to_string().into()).unwrap();
    assert!(R::verify(&request, &secret));
    bencher.counter(size(&request)).bench_local(|| R::verify(black_box(&request), &secret));
}

#[divan::bench(types = [DigicertReceiver, CloudflareReceiver, MetaReceiver], args = KILOBYTES)]
fn parsed<R: Sample>(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let request = request::<R>(kilobytes);
    let verified = Verified::by_source_address(&request);
    bencher.counter(size(&request)).bench_local(|| R::events(black_box(&verified)).unwrap());
}

#[divan::bench(types = [DigicertReceiver, CloudflareReceiver, MetaReceiver], args = KILOBYTES)]
fn interpreted<R: Sample>(bencher: Bencher<'_, '_>, kilobytes: usize) {
    let request = request::<R>(kilobytes);
    let verified = Verified::by_source_address(&request);
    let envelope = R::events(&verified).unwrap().remove(0).envelope;
    bencher
        .counter(size(&request))
        .bench_local(|| dispatch::interpret(black_box(&envelope)).unwrap().event.len());
}
