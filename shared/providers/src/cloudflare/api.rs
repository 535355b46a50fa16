use envelope::{Certificate, Reason};
use secrecy::SecretString;
use serde_json::Value;

use super::document::hostname::Hostname;
use super::profile::API_TOKEN;
use crate::api::{Answer, Call, Classification, Key, one_line};
use crate::json::Members;
use crate::refusal::ApiError;
use crate::secret::Stored;

/// Error codes that are about the API token: authentication failed, unauthorized, unknown key, and
/// two for a malformed header.
pub(super) const KEY_ERRORS: &[&str] = &["10000", "9109", "9103", "6003", "6111"];

/// What Cloudflare says about a custom hostname ("Custom Hostname Details").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Without PEM, which the API does not return.
    pub certificates: Vec<Certificate>,
    pub problems: Vec<String>,
    pub dcv: Option<Value>,
    /// `ssl.status`. The hostname's own `status` is independent of it.
    pub status: Option<String>,
}

/// The API token in its header ("Make API calls"). `None` when the stored secret was never filled
/// in.
pub fn key(stored: &SecretString) -> Option<Key> {
    let stored = Stored::read(stored);
    let token = SecretString::from(format!("Bearer {}", stored.first(API_TOKEN.stored_as).ok()?));
    Some(Key::Header { name: "Authorization", value: token })
}

/// Asks for a custom hostname ("Custom Hostname Details").
pub fn details(zone_id: &str, hostname_id: &str) -> Call {
    let segments = ["zones", zone_id, "custom_hostnames", hostname_id];
    Call {
        segments: segments.map(str::to_owned).into(),
        query: Vec::new(),
        accept: "application/json",
    }
}

/// Classifies the answer to [`details`]. Over the rate limit Cloudflare blocks every call for five
/// minutes, with 429 and `Retry-After` ("Rate limits").
pub fn classify_details(answer: &Answer<'_>) -> Classification<Details> {
    match answer.status {
        401 | 403 => Classification::key_refused(),
        404 => Classification::Gone { reason: Reason::NotFound },
        _ => answer.transient_failure().unwrap_or_else(|| classify_envelope(answer)),
    }
}

/// Classifies an answer by its members `{success, errors, messages, result}` ("Make API calls"). In
/// API fixtures `errors` and `messages` may be absent.
fn classify_envelope(answer: &Answer<'_>) -> Classification<Details> {
    let body = answer.object();
    let body = body.as_deref().and_then(Members::of).unwrap_or_default();
    let is_success = body.get("success").map(|success| success.get() == "true");
    match (is_success, body.object("result")) {
        (Some(true), Some(result)) if answer.is_success() => {
            Classification::Good(Details::of(&Hostname::new(result)))
        }
        (Some(false), _) if has_key_error(answer) => Classification::key_refused(),
        (Some(false), _) => Classification::Failed { reason: Reason::Refused },
        _ if (400..500).contains(&answer.status) => {
            Classification::Failed { reason: Reason::Refused }
        }
        _ => answer.retry(Reason::Unreadable),
    }
}

/// The errors of an answer. Codes are numbers.
pub(super) fn errors(body: &[u8]) -> Vec<ApiError> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = |error: &Value| ApiError {
        code: error["code"].as_u64().map(|code| code.to_string()).unwrap_or_default(),
        message: error["message"].as_str().map(|message| one_line(message, 200)),
    };
    body["errors"].as_array().into_iter().flatten().map(error).collect()
}

fn has_key_error(answer: &Answer<'_>) -> bool {
    errors(answer.body).iter().any(|error| KEY_ERRORS.contains(&error.code.as_str()))
}

impl Details {
    fn of(hostname: &Hostname<'_>) -> Self {
        Self {
            certificates: hostname.certificates(),
            problems: hostname.problems(),
            dcv: hostname.dcv(),
            status: hostname.status(),
        }
    }
}
