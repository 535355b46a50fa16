use envelope::{Certificate, Names, Reason};
use secrecy::SecretString;
use serde_json::Value;

use super::profile::API_KEY;
use crate::api::{Answer, Call, Classification, Key, one_line};
use crate::json::{self, Members};
use crate::refusal::ApiError;
use crate::secret::Stored;

/// The error code for a bad API key. It comes with status 403 and not with 401 (recording of the
/// live API).
pub(super) const INVALID_KEY: &str = "access_denied_invalid_key";
/// The beginning of a certificate in PEM (RFC 7468, 5.1).
const PEM_HEADER: &[u8] = b"-----BEGIN CERTIFICATE";

/// What CertCentral says about an order and its primary certificate ("Order info").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderInfo {
    /// Id of the order's latest certificate.
    pub certificate_id: Option<u64>,
    /// One certificate, without PEM. Empty when the order has no certificate yet.
    pub certificates: Vec<Certificate>,
    /// `pending`, `issued`, `rejected`, `revoked`, …: not a closed set.
    pub status: Option<String>,
    /// Why requests of the order were rejected, one sentence each.
    pub problems: Vec<String>,
}

/// The API key in its header ("Authentication"). `None` when the stored secret was never filled in.
pub fn key(stored: &SecretString) -> Option<Key> {
    let stored = Stored::read(stored);
    Some(Key::Header { name: "X-DC-DEVKEY", value: stored.first(API_KEY.stored_as).ok()?.into() })
}

/// Downloads the chain of one certificate ("Download certificate"). The format `pem_all` is leaf,
/// intermediate, root ("Glossary"). The call is by certificate: one by order gives the active
/// certificate only, never a duplicate or one that was reissued since.
pub fn download(certificate_id: u64) -> Call {
    let id = certificate_id.to_string();
    let segments = ["certificate", &id, "download", "format", "pem_all"];
    Call { segments: segments.map(str::to_owned).into(), query: Vec::new(), accept: "*/*" }
}

/// Classifies the answer to [`download`]. `Good` holds text with at least the beginning of a
/// certificate in it. The code for "not issued yet" is not documented, so any 4xx but 401, 403, 408
/// and 429 counts as not ready.
pub fn classify_download(answer: &Answer<'_>) -> Classification<Vec<u8>> {
    match answer.status {
        404 => Classification::NotReady { reason: Reason::NotFound },
        300..=399 => Classification::BadCertificate,
        _ if answer.is_success() => downloaded(answer),
        _ => failure(answer).unwrap_or(Classification::NotReady { reason: Reason::NotReady }),
    }
}

/// Asks for an order with its primary certificate ("Order info").
pub fn order_info(order_id: u64) -> Call {
    let segments = vec!["order".to_owned(), "certificate".to_owned(), order_id.to_string()];
    Call { segments, query: Vec::new(), accept: "application/json" }
}

/// Classifies the answer to [`order_info`].
pub fn classify_order_info(answer: &Answer<'_>) -> Classification<OrderInfo> {
    match answer.status {
        404 => Classification::Failed { reason: Reason::NotFound },
        _ if answer.is_success() => {
            let order = answer.object();
            let order = order.as_deref().and_then(Members::of).map(|order| OrderInfo::of(&order));
            order.map_or_else(|| answer.retry(Reason::Unreadable), Classification::Good)
        }
        _ => failure(answer).unwrap_or(Classification::Failed { reason: Reason::Refused }),
    }
}

fn downloaded(answer: &Answer<'_>) -> Classification<Vec<u8>> {
    if answer.body.trim_ascii().is_empty() {
        return answer.retry(Reason::Unreadable);
    }
    let has_certificate = answer.body.windows(PEM_HEADER.len()).any(|window| window == PEM_HEADER);
    if has_certificate {
        Classification::Good(answer.body.to_vec())
    } else {
        Classification::BadCertificate
    }
}

/// Failures that are transient, or about the key or its permissions. `None` for another 4xx. A 429
/// comes without `Retry-After` ("Errors", "Rate limits").
fn failure<T>(answer: &Answer<'_>) -> Option<Classification<T>> {
    match answer.status {
        401 => Some(Classification::key_refused()),
        403 if errors(answer.body).iter().any(|error| error.has(INVALID_KEY)) => {
            Some(Classification::key_refused())
        }
        403 => Some(Classification::Failed { reason: Reason::Forbidden }),
        400..=499 => answer.transient_failure(),
        _ => answer.transient_failure().or_else(|| Some(answer.retry(Reason::Unreadable))),
    }
}

/// The errors of an answer. `errors` is a list ("Errors"), in a fixture of riboseinc/digicert a single
/// object. A code may be several codes joined by pipes (`access_denied|access_denied_invalid_key`).
pub(super) fn errors(body: &[u8]) -> Vec<ApiError> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = match &body["errors"] {
        Value::Array(errors) => errors.iter().collect(),
        Value::Null => Vec::new(),
        error => vec![error],
    };
    let error = |error: &Value| ApiError {
        code: one_line(error["code"].as_str().unwrap_or_default(), 100),
        message: error["message"].as_str().map(|message| one_line(message, 200)),
    };
    errors.into_iter().map(error).collect()
}

impl OrderInfo {
    fn of(order: &Members<'_>) -> Self {
        let members = order.object("certificate");
        let id = |members: &Members<'_>| members.get("id").and_then(json::unsigned);
        let certificate_id = members.as_ref().and_then(id);
        let certificate = members.map(|members| certificate(&members));
        let requests = order.list("requests").unwrap_or_default();
        Self {
            certificate_id,
            certificates: certificate
                .filter(|certificate| *certificate != Certificate::default())
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

/// The order's certificate. Its thumbprint is SHA-1, its serial number upper-case hex, and its
/// validity two dates ("Order info").
fn certificate(members: &Members<'_>) -> Certificate {
    Certificate {
        serial_number: members
            .text("serial_number")
            .and_then(|serial| certificate::serial_of_hex(&serial)),
        fingerprint_sha1: members
            .text("thumbprint")
            .and_then(|thumbprint| fingerprint(&thumbprint)),
        not_before: members.text("valid_from"),
        not_after: members.text("valid_till"),
        names: names(members),
        key_bits: members
            .get("key_size")
            .and_then(json::unsigned)
            .and_then(|bits| bits.try_into().ok()),
        ..Certificate::default()
    }
}

fn fingerprint(thumbprint: &str) -> Option<String> {
    let is_sha1 = thumbprint.len() == 40 && thumbprint.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha1.then(|| thumbprint.to_ascii_lowercase())
}

/// `dns_names` may repeat the common name or omit it, so the common name is not added.
fn names(members: &Members<'_>) -> Option<Names> {
    let list = |name| -> Vec<String> {
        members.list(name).unwrap_or_default().into_iter().filter_map(json::text).collect()
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
