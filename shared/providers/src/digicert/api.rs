use envelope::{Certificate, Names, Reason};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::profile::API_KEY;
use crate::api::{Answer, Call, Classification, Key};
use crate::json::{self, Members};
use crate::secret::Stored;

/// What a bad API key is refused with, and not with 401 (recorded from the live API).
const INVALID_KEY: &str = "access_denied_invalid_key";
const ARMOUR: &[u8] = b"-----BEGIN CERTIFICATE";

/// What CertCentral says of an order and its primary certificate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderInfo {
    /// One, without PEM; none when the order has no certificate yet.
    pub certificates: Vec<Certificate>,
    /// `pending`, `issued`, `rejected`, `revoked`, …: not a closed set.
    pub status: Option<String>,
    /// Why requests of the order were rejected.
    pub problems: Vec<String>,
}

/// `None` when the stored secret was never filled in (CertCentral API, "Authentication").
pub fn key(stored: &SecretString) -> Option<Key> {
    let stored = Stored::read(stored);
    Some(Key::Header { name: "X-DC-DEVKEY", value: stored.first(API_KEY.stored_as).ok()?.into() })
}

/// The chain of one certificate, leaf first (CertCentral API, "Download certificate"; glossary,
/// certificate formats: `pem_all` is leaf, intermediate, root). By certificate and not by order, which
/// never gives duplicates or what was reissued.
pub fn download(certificate_id: u64) -> Call {
    let id = certificate_id.to_string();
    let segments = ["certificate", &id, "download", "format", "pem_all"];
    Call { segments: segments.map(str::to_owned).into(), query: Vec::new(), accept: "*/*" }
}

/// `Good` holds text with at least the beginning of a certificate in it. The code for "not issued yet"
/// is not documented: any 4xx but 401, 403, 408 and 429 may still change.
pub fn classify_download(answer: &Answer<'_>) -> Classification<Vec<u8>> {
    match answer.status {
        404 => Classification::NotReady { reason: Reason::NotFound },
        300..=399 => Classification::BadCertificate,
        _ if answer.is_success() => downloaded(answer),
        _ => trouble(answer).unwrap_or(Classification::NotReady { reason: Reason::NotReady }),
    }
}

/// An order with its primary certificate (CertCentral API, "Order info").
pub fn order_info(order_id: u64) -> Call {
    let segments = vec!["order".to_owned(), "certificate".to_owned(), order_id.to_string()];
    Call { segments, query: Vec::new(), accept: "application/json" }
}

pub fn classify_order_info(answer: &Answer<'_>) -> Classification<OrderInfo> {
    match answer.status {
        404 => Classification::Failed { reason: Reason::NotFound },
        _ if answer.is_success() => {
            let order = answer.object();
            let order = order.as_deref().and_then(Members::of).map(|order| OrderInfo::of(&order));
            order.map_or_else(|| answer.retry(Reason::Unreadable), Classification::Good)
        }
        _ => trouble(answer).unwrap_or(Classification::Failed { reason: Reason::Refused }),
    }
}

fn downloaded(answer: &Answer<'_>) -> Classification<Vec<u8>> {
    if answer.body.trim_ascii().is_empty() {
        return answer.retry(Reason::Unreadable);
    }
    let has_armour = answer.body.windows(ARMOUR.len()).any(|window| window == ARMOUR);
    if has_armour {
        Classification::Good(answer.body.to_vec())
    } else {
        Classification::BadCertificate
    }
}

/// What is passing, or about the key; `None` for another 4xx (CertCentral API, "Errors" and "Rate
/// limits": 429 without `Retry-After`).
fn trouble<T>(answer: &Answer<'_>) -> Option<Classification<T>> {
    match answer.status {
        401 => Some(Classification::key_refused()),
        403 if has_error(answer, INVALID_KEY) => Some(Classification::key_refused()),
        403 => Some(Classification::Failed { reason: Reason::Forbidden }),
        400..=499 => answer.passing_trouble(),
        _ => answer.passing_trouble().or_else(|| Some(answer.retry(Reason::Unreadable))),
    }
}

/// `errors` is a list, in one client's fixture a single object; a code may be several, joined by
/// pipes (`access_denied|access_denied_invalid_key`).
fn has_error(answer: &Answer<'_>, wanted: &str) -> bool {
    let Some(body) = answer.object() else { return false };
    let errors = Members::of(&body).and_then(|body| body.get("errors"));
    let list = errors.and_then(|errors| serde_json::from_str::<Vec<&RawValue>>(errors.get()).ok());
    let errors = list.unwrap_or_else(|| errors.into_iter().collect());
    let codes = errors.into_iter().filter_map(|error| Members::of(error)?.text("code"));
    codes.into_iter().any(|code| code.split('|').any(|code| code == wanted))
}

impl OrderInfo {
    fn of(order: &Members<'_>) -> Self {
        let certificate = order.object("certificate").map(|told| certificate(&told));
        let requests = order.list("requests").unwrap_or_default();
        Self {
            certificates: certificate
                .filter(|told| *told != Certificate::default())
                .into_iter()
                .collect(),
            status: order.text("status"),
            problems: requests
                .into_iter()
                .filter_map(|request| rejection(&Members::of(request)?))
                .collect(),
        }
    }
}

/// The thumbprint is SHA-1, the serial number upper-case hex, validity a date (CertCentral API, "Order
/// info").
fn certificate(told: &Members<'_>) -> Certificate {
    Certificate {
        serial_number: told.text("serial_number").and_then(|serial| serial_number(&serial)),
        fingerprint_sha1: told.text("thumbprint").and_then(|thumbprint| fingerprint(&thumbprint)),
        not_before: told.text("valid_from"),
        not_after: told.text("valid_till"),
        names: names(told),
        key_bits: told
            .get("key_size")
            .and_then(json::unsigned)
            .and_then(|bits| bits.try_into().ok()),
        ..Certificate::default()
    }
}

fn serial_number(serial: &str) -> Option<String> {
    let significant = serial.trim_start_matches("00");
    let is_hex =
        !significant.is_empty() && significant.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| significant.to_ascii_uppercase())
}

fn fingerprint(thumbprint: &str) -> Option<String> {
    let is_sha1 = thumbprint.len() == 40 && thumbprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha1.then(|| thumbprint.to_ascii_lowercase())
}

/// `dns_names` may repeat the common name or omit it; so it stands only where there are none.
fn names(told: &Members<'_>) -> Option<Names> {
    let list = |name| -> Vec<String> {
        told.list(name).unwrap_or_default().into_iter().filter_map(json::text).collect()
    };
    let names = Names { dns: list("dns_names"), ip: Vec::new(), email: list("emails") };
    (names != Names::default()).then_some(names)
}

fn rejection(request: &Members<'_>) -> Option<String> {
    let is_rejected = request.text("status").is_some_and(|status| status == "rejected");
    let kind = request.text("type").unwrap_or_else(|| "request".to_owned());
    let comments = request.text("comments").unwrap_or_else(|| "no comment".to_owned());
    is_rejected.then(|| format!("{kind} rejected: {comments}"))
}
