use serde_json::Value;

use crate::api::{Answer, Refused, one_line, suffix, without_quotes_of};
use crate::cloudflare::api::KEY_ERRORS;

/// Why Cloudflare refused a call, and what the operator can do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "Cloudflare refuses the API token (status {status}, {}): it must be valid, and have the \
         permission Account, Notifications, Edit (Read is enough to list) for this account",
        named(*.code)
    )]
    TokenRefused { status: u16, code: Option<u64> },
    #[error(
        "Cloudflare does not find this (status 404): check that the id and the account id are right"
    )]
    NotFound,
    #[error("too many requests with this API token (status 429): wait five minutes")]
    RateLimited,
    #[error("Cloudflare failed (status {status}): try again later")]
    ServerError { status: u16 },
    #[error(
        "the answer is a redirect (status {status}), which is not followed: check that \
         CLOUDFLARE_API_BASE is right"
    )]
    Redirect { status: u16 },
    #[error(
        "the answer is an HTML page (status {status}) and not from the API: check that \
         CLOUDFLARE_API_BASE is right, and that no proxy or portal is in between"
    )]
    Html { status: u16 },
    #[error(
        "the answer (status {status}) cannot be parsed: check that CLOUDFLARE_API_BASE is right"
    )]
    Unreadable { status: u16 },
    #[error("Cloudflare refused the request (status {status}, {}){}", named(*.code), suffix(.message))]
    Other { status: u16, code: Option<u64>, message: Option<String> },
}

impl Refusal {
    /// The meaning of an answer other than a success.
    pub(super) fn of(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        let errors = errors(answer.body);
        let code = errors.first().and_then(|(code, _)| *code);
        let is_about_key =
            errors.iter().any(|(code, _)| code.is_some_and(|code| KEY_ERRORS.contains(&code)));
        match status {
            401 | 403 => Self::TokenRefused { status, code },
            _ if is_about_key => Self::TokenRefused { status, code },
            404 => Self::NotFound,
            429 => Self::RateLimited,
            500.. => Self::ServerError { status },
            300..=399 => Self::Redirect { status },
            _ if errors.is_empty() => Self::unreadable(answer),
            _ => {
                let message = errors.into_iter().find_map(|(_, message)| message);
                Self::Other { status, code, message }
            }
        }
    }

    /// The meaning of an answer that is not from the API.
    pub(super) fn unreadable(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        if answer.is_html() { Self::Html { status } } else { Self::Unreadable { status } }
    }
}

impl Refusal {
    /// Cloudflare's own code; `None` where it sent none.
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::TokenRefused { code, .. } | Self::Other { code, .. } => *code,
            _ => None,
        }
    }
}

impl Refused for Refusal {
    fn is_definite(&self) -> bool {
        !matches!(
            self,
            Self::ServerError { .. }
                | Self::Redirect { .. }
                | Self::Html { .. }
                | Self::Unreadable { .. }
        )
    }

    fn without_secrets(self, secrets: &[String]) -> Self {
        match self {
            Self::Other { status, code, message } => {
                Self::Other { status, code, message: without_quotes_of(message, secrets) }
            }
            other => other,
        }
    }
}

/// Code and message of each error of an answer.
fn errors(body: &[u8]) -> Vec<(Option<u64>, Option<String>)> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let error = |error: &Value| {
        (error["code"].as_u64(), error["message"].as_str().map(|message| one_line(message, 200)))
    };
    errors.iter().map(error).collect()
}

fn named(code: Option<u64>) -> String {
    code.map_or_else(|| "without a code".to_owned(), |code| format!("code {code}"))
}
