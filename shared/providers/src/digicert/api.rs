use envelope::{Certificate, Names, Reason};
use secrecy::SecretString;

use super::profile::API_KEY;
use crate::api::{Answer, Call, Classification, Key, one_line};
use crate::json::{self, Members};
use crate::naming::bounded;
use crate::refusal::ApiError;
use crate::secret::Stored;
use crate::{hash, validity};

/// The error code for a bad API key. It comes with status 403 and not with 401 (recording of the
/// live API).
pub(super) const INVALID_KEY: &str = "access_denied_invalid_key";
/// The beginning of a certificate in PEM (RFC 7468, 5.1).
const PEM_HEADER: &[u8] = b"-----BEGIN CERTIFICATE";
/// The beginning of anything in PEM.
const ARMOUR: &[u8] = b"-----BEGIN ";

/// Statuses of an order ("Order info", "List orders"). The set is not closed; these are enough to
/// recognise an order without an id.
const STATUSES: &[&str] = &[
    "pending",
    "reissue_pending",
    "needs_approval",
    "approved",
    "processing",
    "issued",
    "rejected",
    "revoked",
    "canceled",
    "expired",
];

/// Problems of one order that are delivered at most.
const PROBLEMS: usize = 100;

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
/// certificate in it. The code for "not issued yet" is not documented, so any error of the API but
/// those of [`failure`] counts as not ready.
pub fn classify_download(answer: &Answer<'_>) -> Classification<Vec<u8>> {
    if answer.is_success() {
        return downloaded(answer);
    }
    failure(answer).unwrap_or_else(|| {
        let is_absent = answer.status == 404;
        let reason = if is_absent { Reason::NotFound } else { Reason::NotReady };
        Classification::NotReady { reason }
    })
}

/// Asks for an order with its primary certificate ("Order info").
pub fn order_info(order_id: u64) -> Call {
    let segments = vec!["order".to_owned(), "certificate".to_owned(), order_id.to_string()];
    Call { segments, query: Vec::new(), accept: "application/json" }
}

/// Classifies the answer to [`order_info`].
pub fn classify_order_info(answer: &Answer<'_>) -> Classification<OrderInfo> {
    if answer.is_success() {
        let order = answer.object();
        let order = order.as_deref().and_then(Members::of).filter(is_order);
        let order = order.map(|order| OrderInfo::of(&order));
        return order.map_or_else(|| answer.retry(Reason::Unreadable), Classification::Good);
    }
    failure(answer).unwrap_or_else(|| {
        let is_absent = answer.status == 404;
        let reason = if is_absent { Reason::NotFound } else { Reason::Refused };
        Classification::Failed { reason }
    })
}

/// Whether an object is an order. Each member may be absent ("Order info"), but an object without any
/// of these comes from something else on the way.
fn is_order(order: &Members<'_>) -> bool {
    let status = order.text("status");
    order.get("id").and_then(json::unsigned).is_some()
        || status.is_some_and(|status| STATUSES.contains(&status.as_str()))
        || ["certificate", "product"].iter().any(|name| order.object(name).is_some())
        || order.list("requests").is_some()
}

/// Whatever has no PEM in it at all is not from the API: a page, an empty body, another document.
fn downloaded(answer: &Answer<'_>) -> Classification<Vec<u8>> {
    let has = |text: &[u8]| answer.body.windows(text.len()).any(|window| window == text);
    if has(PEM_HEADER) {
        Classification::Good(answer.body.to_vec())
    } else if has(ARMOUR) {
        Classification::BadCertificate
    } else {
        answer.retry(Reason::Unreadable)
    }
}

/// Failures that are transient, or about the key or its permissions. `None` for another error of the
/// API. An answer without an error code is a proxy's or firewall's, which CertCentral has in front of
/// its API, and says nothing about what was asked for. A 429 comes without `Retry-After` ("Errors",
/// "Rate limits").
fn failure<T>(answer: &Answer<'_>) -> Option<Classification<T>> {
    if let Some(failure) = answer.transient_failure() {
        return Some(failure);
    }
    let errors = errors(answer.body);
    let is_refusal = (400..500).contains(&answer.status);
    if !is_refusal || errors.iter().all(|error| error.code.is_empty()) {
        return Some(answer.retry(Reason::Unreadable));
    }
    let is_key_refused = errors.iter().any(|error| error.has(INVALID_KEY));
    match answer.status {
        401 => Some(Classification::key_refused()),
        403 if is_key_refused => Some(Classification::key_refused()),
        403 => Some(Classification::Failed { reason: Reason::Forbidden }),
        _ => None,
    }
}

/// The errors of an answer. `errors` is a list ("Errors"), in a fixture of riboseinc/digicert a single
/// object. A code may be several codes joined by pipes (`access_denied|access_denied_invalid_key`).
pub(super) fn errors(body: &[u8]) -> Vec<ApiError> {
    let body = json::borrowed_object(body).ok().and_then(Members::of).unwrap_or_default();
    let several = body.list("errors").unwrap_or_default();
    let several = several.into_iter().filter_map(Members::of);
    let error = |error: Members<'_>| ApiError {
        code: one_line(&error.text("code").unwrap_or_default(), 100),
        message: error.text("message").map(|message| one_line(&message, 200)),
    };
    several.chain(body.object("errors")).map(error).collect()
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
                .take(PROBLEMS)
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
        fingerprint_sha1: members.text("thumbprint").as_deref().and_then(hash::sha1),
        not_before: members.text("valid_from").as_deref().and_then(validity::beginning),
        not_after: members.text("valid_till").as_deref().and_then(validity::end),
        names: names(members),
        key_bits: members
            .get("key_size")
            .and_then(json::unsigned)
            .and_then(|bits| bits.try_into().ok()),
        ..Certificate::default()
    }
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
    is_rejected.then(|| bounded(&format!("{kind} rejected: {comments}")))
}
