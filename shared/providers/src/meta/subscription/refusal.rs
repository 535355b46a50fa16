use serde_json::Value;

use crate::api::{Answer, Refused, one_line, suffix, without_quotes_of};

/// Why the Graph API refused a call, and what the operator can do. The error code decides, not the
/// status ("Handling errors").
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "Meta has retired Certificate Transparency (code 100, subcode 33, since 2026-02): there is \
         nothing to subscribe to; a wrong app id is answered in the same way, so check it too"
    )]
    Retired,
    #[error(
        "Graph refuses the access token (code {code}): it must be the app's own, APPID|APPSECRET"
    )]
    TokenRefused { code: u64 },
    #[error(
        "the access token has no permission for this (code {code}): it must be the app's own, \
         APPID|APPSECRET"
    )]
    Forbidden { code: u64 },
    #[error("too many requests for this app (code {code}): wait an hour")]
    RateLimited { code: u64 },
    #[error(
        "Graph could not verify the endpoint (code 2200){}: check that it is running, that its name \
         resolves, that its certificate is valid, and that it has this verify token", suffix(.message)
    )]
    CallbackFailed { message: Option<String> },
    #[error("Graph failed (status {status}): try again later")]
    ServerError { status: u16 },
    #[error(
        "the answer is a redirect (status {status}), which is not followed: check that META_API_BASE \
         is right"
    )]
    Redirect { status: u16 },
    #[error(
        "the answer is an HTML page (status {status}) and not from the API: check that META_API_BASE \
         is right, and that no proxy or portal is in between"
    )]
    Html { status: u16 },
    #[error("the answer (status {status}) cannot be parsed: check that META_API_BASE is right")]
    Unreadable { status: u16 },
    #[error("Graph refused the request (code {code}){}", suffix(.message))]
    Other { code: u64, message: Option<String> },
}

impl Refusal {
    pub(super) fn of(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        let body: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let error = &body["error"];
        let message = error["message"].as_str().map(|message| one_line(message, 200));
        match (error["code"].as_u64(), error["error_subcode"].as_u64()) {
            (Some(100), Some(33)) => Self::Retired,
            (Some(code @ (4 | 17 | 32 | 613)), _) => Self::RateLimited { code },
            (Some(1 | 2), _) => Self::ServerError { status },
            (Some(_), _) if error["is_transient"] == true => Self::ServerError { status },
            (Some(code @ (102 | 190)), _) => Self::TokenRefused { code },
            (Some(code @ (10 | 200..=299)), _) => Self::Forbidden { code },
            (Some(2200), _) => Self::CallbackFailed { message },
            (Some(code), _) => Self::Other { code, message },
            (None, _) => Self::unexplained(answer),
        }
    }

    fn unexplained(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        match status {
            500.. => Self::ServerError { status },
            300..=399 => Self::Redirect { status },
            _ if answer.is_html() => Self::Html { status },
            _ => Self::Unreadable { status },
        }
    }
}

impl Refusal {
    /// Graph's own code, with the subcode where that decides; `None` where it sent none.
    pub fn code(&self) -> Option<String> {
        match self {
            Self::Retired => Some("100/33".to_owned()),
            Self::CallbackFailed { .. } => Some("2200".to_owned()),
            Self::TokenRefused { code }
            | Self::Forbidden { code }
            | Self::RateLimited { code }
            | Self::Other { code, .. } => Some(code.to_string()),
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
            Self::CallbackFailed { message } => {
                Self::CallbackFailed { message: without_quotes_of(message, secrets) }
            }
            Self::Other { code, message } => {
                Self::Other { code, message: without_quotes_of(message, secrets) }
            }
            other => other,
        }
    }
}
