use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::replies::error;
use crate::responses::{self, InternalError};

/// Why a webhook request is refused. Codes and statuses are those of the webhook pages of the Services API,
/// except for `InvalidParameter`, for which CertCentral's response is not documented.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    ConfiguredAlready,
    EndpointError,
    InvalidAccount,
    InvalidAction,
    InvalidEndpoint,
    InvalidParameter(String),
    InvalidToken,
    TimeFrameTooLong,
    UnknownWebhook,
}

impl Refusal {
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self::InvalidParameter(message.into())
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ConfiguredAlready => "webhook_configured_already",
            Self::EndpointError => "webhook_endpoint_error",
            Self::InvalidAccount => "webhook_invalid_account",
            Self::InvalidAction => "webhook_invalid_action",
            Self::InvalidEndpoint => "webhook_invalid_endpoint",
            Self::InvalidParameter(_) => "invalid_parameter",
            Self::InvalidToken => "webhook_invalid_token",
            Self::TimeFrameTooLong => "time_frame_too_long",
            Self::UnknownWebhook => "not_found|webhook",
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::ConfiguredAlready => "A webhook already exists in the CertCentral account.",
            Self::EndpointError => {
                "The provided endpoint is not responding or accepting requests. Make sure your \
                 webhook listener is configured correctly and try again."
            }
            Self::InvalidAccount => "No webhook exists for the account.",
            Self::InvalidAction => "The verification challenge is not completed.",
            Self::InvalidEndpoint => {
                "The provided endpoint is not valid. Make sure the endpoint begins with https:// \
                 and try again."
            }
            Self::InvalidParameter(message) => message,
            Self::InvalidToken => "The token is not valid.",
            Self::TimeFrameTooLong => "The time frame is longer than seven days.",
            Self::UnknownWebhook => "The specified webhook was not found.",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownWebhook => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        responses::json(status, error(self.code(), self.message()))
    }
}

/// Why a handler ends without a successful response.
pub(super) enum HandlerError {
    Refused(Refusal),
    Internal(InternalError),
}

impl From<Refusal> for HandlerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<anyhow::Error> for HandlerError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for HandlerError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response(),
            Self::Internal(error) => error.into_response(),
        }
    }
}
