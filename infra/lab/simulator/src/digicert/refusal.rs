use std::borrow::Cow;

use axum::http::StatusCode;

use super::replies::error;
use crate::responses::{Failure, Refused};

/// Why a webhook request is refused. Codes and statuses are those of the webhook pages of the Services API,
/// except for [`parameter`](Refusal::parameter), for which CertCentral's response is not documented.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    code: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) const CONFIGURED_ALREADY: Self = Self::new(
        "webhook_configured_already",
        "A webhook already exists in the CertCentral account.",
    );
    pub(super) const ENDPOINT_ERROR: Self = Self::new(
        "webhook_endpoint_error",
        "The provided endpoint is not responding or accepting requests. Make sure your webhook listener is \
         configured correctly and try again.",
    );
    pub(super) const INVALID_ACCOUNT: Self =
        Self::new("webhook_invalid_account", "No webhook exists for the account.");
    pub(super) const INVALID_ACTION: Self =
        Self::new("webhook_invalid_action", "The verification challenge is not completed.");
    pub(super) const INVALID_ENDPOINT: Self = Self::new(
        "webhook_invalid_endpoint",
        "The provided endpoint is not valid. Make sure the endpoint begins with https:// and try again.",
    );
    pub(super) const INVALID_TOKEN: Self =
        Self::new("webhook_invalid_token", "The token is not valid.");
    pub(super) const TIME_FRAME_TOO_LONG: Self =
        Self::new("time_frame_too_long", "The time frame is longer than seven days.");
    pub(super) const UNKNOWN_WEBHOOK: Self =
        Self::new("not_found|webhook", "The specified webhook was not found.");

    const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message: Cow::Borrowed(message) }
    }

    pub(super) fn parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: "invalid_parameter", message: message.into() }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let is_unknown = refusal == Refusal::UNKNOWN_WEBHOOK;
        let status = if is_unknown { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        Self::Refused(Refused(status, error(refusal.code, &refusal.message)))
    }
}
