use envelope::{Certificate, Dcv, Reason};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::document::hostname::Hostname;
use super::profile::API_TOKEN;
use crate::api::{Answer, Call, Classification, Key, one_line};
use crate::json::{self, Members};
use crate::refusal::ApiError;
use crate::secret::Stored;

/// Error codes that are about the API token alone: unknown key, invalid or missing headers.
const REFUSED_TOKEN: &[&str] = &["6003", "6111", "9103", "9106", "9107"];
/// Error codes for a token that is not valid, and as well for a valid one that may not read this zone:
/// authentication error, unauthorized.
const DOUBTFUL_TOKEN: &[&str] = &["10000", "9109"];
/// All of them.
pub(super) const KEY_ERRORS: &[&str] = &["10000", "9109", "9103", "9106", "9107", "6003", "6111"];
/// What "Verify Token" calls a token that was valid once.
const ENDED: &[&str] = &["disabled", "expired"];

/// What Cloudflare says about a custom hostname ("Custom Hostname Details").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Without PEM, which the API does not return.
    pub certificates: Vec<Certificate>,
    pub problems: Vec<String>,
    pub dcv: Option<Dcv>,
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
/// minutes, with 429 and `Retry-After` ("Rate limits"). A token may be for some zones only, so that a
/// refusal is about this zone unless [`classify_verify`] says otherwise.
pub fn classify_details(answer: &Answer<'_>) -> Classification<Details> {
    if let Some(failure) = answer.transient_failure() {
        return failure;
    }
    match Said::of(answer) {
        Said::Result(result) => Classification::Good(Details::of(&Hostname::new(result))),
        Said::Errors(errors) if is_token_refused(answer.status, &errors) => {
            Classification::key_refused()
        }
        Said::Errors(errors) => match answer.status {
            404 => Classification::Gone { reason: Reason::NotFound },
            403 => Classification::Failed { reason: Reason::Forbidden },
            _ if has(&errors, DOUBTFUL_TOKEN) => {
                Classification::Failed { reason: Reason::Forbidden }
            }
            _ => Classification::Failed { reason: Reason::Refused },
        },
        Said::Empty => Classification::Failed { reason: Reason::NotFound },
        Said::Nothing => answer.retry(Reason::Unreadable),
    }
}

/// Whether an answer leaves open that the token itself is refused, and not only this call.
pub(super) fn is_token_in_doubt(answer: &Answer<'_>) -> bool {
    let Said::Errors(errors) = Said::of(answer) else { return false };
    let is_doubtful = answer.status == 403 || has(&errors, DOUBTFUL_TOKEN);
    is_doubtful && answer.status < 500 && !is_token_refused(answer.status, &errors)
}

/// "Verify Token": whether the token is valid, whatever it may do. A token that belongs to an account
/// has the call below its account.
pub(super) fn verify(account_id: Option<&str>) -> Call {
    let segments = match account_id {
        Some(id) => vec!["accounts", id, "tokens", "verify"],
        None => vec!["user", "tokens", "verify"],
    };
    Call {
        segments: segments.into_iter().map(str::to_owned).collect(),
        query: Vec::new(),
        accept: "application/json",
    }
}

/// Classifies the answer to [`verify`].
pub(super) fn classify_verify(answer: &Answer<'_>) -> Classification<()> {
    if let Some(failure) = answer.transient_failure() {
        return failure;
    }
    match Said::of(answer) {
        Said::Result(token) => match token.text("status") {
            Some(status) if ENDED.contains(&status.as_str()) => Classification::key_refused(),
            _ => Classification::Good(()),
        },
        Said::Errors(_) => Classification::key_refused(),
        Said::Empty | Said::Nothing => answer.retry(Reason::Unreadable),
    }
}

/// What an answer says in the API's own shape, `{success, errors, messages, result}` ("Make API
/// calls"). In API fixtures `errors` and `messages` of a success may be absent.
enum Said<'a> {
    Result(Members<'a>),
    /// A success without a result (`null`): there is nothing under this id.
    Empty,
    /// At least one, with a code.
    Errors(Vec<ApiError>),
    /// Nothing: the answer is a firewall's, a proxy's, or cut.
    Nothing,
}

impl<'a> Said<'a> {
    fn of(answer: &Answer<'a>) -> Self {
        let body = json::borrowed_object(answer.body).ok();
        let body = body.and_then(Members::of).unwrap_or_default();
        let success = body.get("success").map(RawValue::get);
        match (success, body.object("result")) {
            (Some("true"), Some(result)) if answer.is_success() => Self::Result(result),
            (Some("true"), None) if answer.is_success() && has_null_result(&body) => Self::Empty,
            (Some("false"), _) => {
                let errors = errors(answer.body);
                let is_coded = errors.iter().any(|error| !error.code.is_empty());
                if is_coded { Self::Errors(errors) } else { Self::Nothing }
            }
            _ => Self::Nothing,
        }
    }
}

fn has_null_result(body: &Members<'_>) -> bool {
    body.iter().any(|member| member.is("result") && member.value.get() == "null")
}

fn is_token_refused(status: u16, errors: &[ApiError]) -> bool {
    status == 401 || has(errors, REFUSED_TOKEN)
}

fn has(errors: &[ApiError], codes: &[&str]) -> bool {
    errors.iter().any(|error| codes.contains(&error.code.as_str()))
}

/// The errors of an answer. Codes are numbers.
pub(super) fn errors(body: &[u8]) -> Vec<ApiError> {
    let body = json::borrowed_object(body).ok().and_then(Members::of).unwrap_or_default();
    let error = |error: Members<'_>| ApiError {
        code: error
            .get("code")
            .and_then(json::unsigned)
            .map(|code| code.to_string())
            .unwrap_or_default(),
        message: error.text("message").map(|message| one_line(&message, 200)),
    };
    let errors = body.list("errors").unwrap_or_default();
    errors.into_iter().filter_map(Members::of).map(error).collect()
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
