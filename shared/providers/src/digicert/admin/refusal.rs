use serde_json::Value;

use crate::api::{Answer, Refused, one_line, suffix, without_quotes_of};

/// Why CertCentral refused a call, and what the operator can do (the error tables of the pages of
/// the calls; "Errors").
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "CertCentral does not accept the endpoint (webhook_invalid_endpoint): it must be a public \
         address that begins with https://"
    )]
    InvalidEndpoint,
    #[error(
        "the account already has a webhook, and can have only one (webhook_configured_already): \
         show it with `list`, change it with `update`"
    )]
    ConfiguredAlready,
    #[error(
        "the endpoint did not answer CertCentral with 2xx within 10 s (webhook_endpoint_error): \
         check that it is running, that its name resolves, that its certificate is valid, that \
         216.168.240.0/20 may reach it, and that it has this secret"
    )]
    EndpointError,
    #[error("the account has no webhook (webhook_invalid_account): create one with `create`")]
    NoWebhookInAccount,
    #[error("no webhook has this id (not_found|webhook): find the id with `list`")]
    NoSuchWebhook,
    #[error(
        "the token is wrong, or older than 30 minutes (webhook_invalid_token): request a new one \
         with `challenge --send`"
    )]
    InvalidToken,
    #[error(
        "the webhook's status does not allow this (webhook_invalid_action): complete the challenge \
         first, with `challenge --send` and then `verify`"
    )]
    InvalidAction,
    #[error(
        "CertCentral does not know the API key (access_denied_invalid_key): use a valid one from \
         Automation > API Keys, and check that the base URL is that of its account (US, or EU with \
         --eu)"
    )]
    KeyRefused,
    #[error(
        "the API key has no permission for this (access_denied|missing_permission): webhooks need \
         an administrator's key that is not restricted to view only or to orders"
    )]
    MissingPermission,
    #[error(
        "CertCentral denies access ({}): use an administrator's API key, and ask DigiCert whether \
         webhooks are enabled for the account", named(.code))]
    Denied { code: Option<String> },
    #[error("too many requests with this API key (request_limit_exceeded): wait some minutes")]
    RateLimited,
    #[error("CertCentral has no such address (not_found|route): check that the base URL is right")]
    NoSuchRoute,
    #[error("CertCentral failed (status {status}): try again later")]
    ServerError { status: u16 },
    #[error(
        "the answer is a redirect (status {status}), which is not followed: check that the base URL \
         is right"
    )]
    Redirect { status: u16 },
    #[error(
        "the answer is an HTML page (status {status}) and not from the API: check that the base URL \
         is right, and that no proxy or portal is in between"
    )]
    Html { status: u16 },
    #[error("the answer (status {status}) cannot be parsed: check that the base URL is right")]
    Unreadable { status: u16 },
    #[error("CertCentral refused the request (status {status}, {}){}", named(.code), suffix(.message))]
    Other { status: u16, code: Option<String>, message: Option<String> },
}

impl Refusal {
    /// The meaning of an answer other than a success. Codes take precedence over the status.
    pub(super) fn of(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        let errors = errors(answer.body);
        let has = |wanted: &str| errors.iter().any(|error| error.has(wanted));
        let first = errors.first();
        let code = || first.map(|error| error.code.clone()).filter(|code| !code.is_empty());
        match () {
            () if has("webhook_invalid_endpoint") => Self::InvalidEndpoint,
            () if has("webhook_configured_already") => Self::ConfiguredAlready,
            () if has("webhook_endpoint_error") => Self::EndpointError,
            () if has("webhook_invalid_account") => Self::NoWebhookInAccount,
            () if has("webhook_invalid_token") => Self::InvalidToken,
            () if has("webhook_invalid_action") => Self::InvalidAction,
            () if has("not_found|webhook") => Self::NoSuchWebhook,
            () if has("not_found|route") => Self::NoSuchRoute,
            () if has("access_denied_invalid_key") || status == 401 => Self::KeyRefused,
            () if has("missing_permission") => Self::MissingPermission,
            () if has("request_limit_exceeded") || status == 429 => Self::RateLimited,
            () if status >= 500 => Self::ServerError { status },
            () if (300..400).contains(&status) => Self::Redirect { status },
            () if errors.is_empty() => Self::unreadable(answer),
            () if status == 403 => Self::Denied { code: code() },
            () => {
                let message = first.and_then(|error| error.message.clone());
                Self::Other { status, code: code(), message }
            }
        }
    }

    /// The meaning of an answer that is not from the API.
    pub(super) fn unreadable(answer: &Answer<'_>) -> Self {
        let status = answer.status;
        if answer.is_html() { Self::Html { status } } else { Self::Unreadable { status } }
    }

    /// CertCentral's own code; `None` where it sent none.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::InvalidEndpoint => Some("webhook_invalid_endpoint"),
            Self::ConfiguredAlready => Some("webhook_configured_already"),
            Self::EndpointError => Some("webhook_endpoint_error"),
            Self::NoWebhookInAccount => Some("webhook_invalid_account"),
            Self::NoSuchWebhook => Some("not_found|webhook"),
            Self::InvalidToken => Some("webhook_invalid_token"),
            Self::InvalidAction => Some("webhook_invalid_action"),
            Self::KeyRefused => Some("access_denied|access_denied_invalid_key"),
            Self::MissingPermission => Some("access_denied|missing_permission"),
            Self::RateLimited => Some("request_limit_exceeded"),
            Self::NoSuchRoute => Some("not_found|route"),
            Self::Denied { code } | Self::Other { code, .. } => code.as_deref(),
            Self::ServerError { .. }
            | Self::Redirect { .. }
            | Self::Html { .. }
            | Self::Unreadable { .. } => None,
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
                let (code, message) =
                    (without_quotes_of(code, secrets), without_quotes_of(message, secrets));
                Self::Other { status, code, message }
            }
            Self::Denied { code } => Self::Denied { code: without_quotes_of(code, secrets) },
            other => other,
        }
    }
}

struct Error {
    code: String,
    message: Option<String>,
}

impl Error {
    /// Whether `wanted` is the code, or a part of it between pipes.
    fn has(&self, wanted: &str) -> bool {
        self.code == wanted || self.code.split('|').any(|part| part == wanted)
    }
}

/// The errors of an answer. `errors` is a list; in the fixture of one client it is a single object.
fn errors(body: &[u8]) -> Vec<Error> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = match &body["errors"] {
        Value::Array(errors) => errors.iter().collect(),
        Value::Null => Vec::new(),
        error => vec![error],
    };
    let error = |error: &Value| Error {
        code: one_line(error["code"].as_str().unwrap_or_default(), 100),
        message: error["message"].as_str().map(|message| one_line(message, 200)),
    };
    errors.into_iter().map(error).collect()
}

fn named(code: &Option<String>) -> String {
    code.as_ref().map_or_else(|| "without a code".to_owned(), |code| format!("code {code}"))
}
