use axum::extract::Request;
use axum::response::Response;

use crate::app_state::AppState;
use crate::fault::Fault;
use crate::{cloudflare, digicert, meta};

/// The provider that a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Provider {
    CertCentral,
    Cloudflare,
    Graph,
}

impl Provider {
    /// The provider of this path; `None` for the control paths and unknown ones.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let is_below =
            |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        if is_below(digicert::BASE) {
            Some(Self::CertCentral)
        } else if is_below(cloudflare::BASE) {
            Some(Self::Cloudflare)
        } else if is_below(meta::BASE) {
            Some(Self::Graph)
        } else {
            None
        }
    }

    /// The response to a request whose API key is not the expected one.
    pub(crate) fn key_refusal(self, state: &AppState, request: &Request) -> Option<Response> {
        match self {
            Self::CertCentral => digicert::key_refusal(&state.shared.settings, request),
            Self::Cloudflare => cloudflare::key_refusal(&state.shared.settings, request),
            Self::Graph => meta::key_refusal(&state.shared.settings, request),
        }
    }

    /// The provider's own error response for a fault that has one.
    pub(crate) fn error_response(self, fault: &Fault) -> Option<Response> {
        match self {
            Self::CertCentral => digicert::error_response(fault),
            Self::Cloudflare => cloudflare::error_response(fault),
            Self::Graph => meta::error_response(fault),
        }
    }

    pub(crate) fn unknown_route(self, path: &str) -> Response {
        match self {
            Self::CertCentral => digicert::unknown_route(),
            Self::Cloudflare => cloudflare::unknown_route(path),
            Self::Graph => meta::unknown_object(path.trim_start_matches(meta::BASE)),
        }
    }
}
