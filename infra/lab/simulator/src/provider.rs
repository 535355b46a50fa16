use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;

use crate::app_state::AppState;
use crate::fault::Fault;
use crate::meta::MetaState;
use crate::settings::Settings;
use crate::{cloudflare, digicert, meta};

/// A simulated provider.
pub(crate) struct Provider {
    /// As in `source`.
    pub(crate) name: &'static str,
    /// Path of its API's base.
    pub(crate) base: &'static str,
    pub(crate) routes: fn(&AppState) -> Router,
    /// The response to a request whose API key is not the expected one.
    pub(crate) key_refusal: fn(&Settings, &Request) -> Option<Response>,
    /// The provider's own error response for a fault that has one.
    pub(crate) error_response: fn(&Fault) -> Option<Response>,
    /// The response to a path that it does not have.
    pub(crate) unknown_route: fn(&str) -> Response,
}

/// Every simulated provider: one row each.
pub(crate) static ALL: [Provider; 3] = [
    Provider {
        name: "digicert",
        base: digicert::BASE,
        routes: |state| digicert::routes(Arc::clone(&state.digicert)),
        key_refusal: digicert::key_refusal,
        error_response: digicert::error_response,
        unknown_route: |_| digicert::unknown_route(),
    },
    Provider {
        name: "cloudflare",
        base: cloudflare::BASE,
        routes: |state| cloudflare::routes(Arc::clone(&state.cloudflare)),
        key_refusal: cloudflare::key_refusal,
        error_response: cloudflare::error_response,
        unknown_route: cloudflare::unknown_route,
    },
    Provider {
        name: "meta",
        base: meta::BASE,
        routes: |state| meta::routes(Arc::new(MetaState::new(Arc::clone(&state.shared)))),
        key_refusal: meta::key_refusal,
        error_response: meta::error_response,
        unknown_route: |path| meta::unknown_object(path.trim_start_matches(meta::BASE)),
    },
];

impl Provider {
    /// The provider of this path; `None` for the control paths and unknown ones.
    pub(crate) fn of(path: &str) -> Option<&'static Self> {
        let is_below = |provider: &&Self| {
            path.strip_prefix(provider.base).is_some_and(|rest| rest.starts_with('/'))
        };
        ALL.iter().find(is_below)
    }
}
