//! The Graph API as far as it concerns certificate transparency: certificates, and the subscribed domains
//! of an app. The product is retired. Its former responses are kept as public clients parse them, and with
//! [`Settings::retired`](crate::Settings) it responds as it does today.
//!
//! - [`certificates`]: certificates by domain and by id, and the subscribed domains of the app
//! - [`state`]: the certificates that were listed
//! - [`paging`], [`replies`]: pages and responses of the Graph API

mod certificates;
mod paging;
mod replies;
mod state;

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{Method, Uri};
use axum::routing::get;
use axum::{Extension, Router};

use self::certificates::{GraphRequest, Parameters};
use self::replies::unsupported;
pub(crate) use self::replies::{error_response, key_refusal, unknown_object};
pub(crate) use self::state::MetaState;
use crate::fault::InjectedFault;
use crate::responses::HandlerResult;

pub(crate) const BASE: &str = "/graph";

/// There is one route for all paths, because the version in front of them is optional.
pub(crate) fn routes(state: Arc<MetaState>) -> Router {
    Router::new().route("/graph/{*path}", get(graph).post(graph).delete(graph)).with_state(state)
}

async fn graph(
    State(state): State<Arc<MetaState>>,
    Extension(InjectedFault(fault)): Extension<InjectedFault>,
    Path(path): Path<String>,
    Query(parameters): Query<Parameters>,
    method: Method,
    uri: Uri,
) -> HandlerResult {
    let mut segments: Vec<_> = path.split('/').collect();
    if segments.first().is_some_and(|first| is_version(first)) {
        segments.remove(0);
    }
    let is_answered = method == Method::GET && !state.shared.settings.retired;
    let fault = fault.as_ref();
    let request = GraphRequest { state: &state, parameters: &parameters, uri: &uri, fault };
    match segments.as_slice() {
        _ if !is_answered => Ok(unsupported(&method, &path)),
        [app, "subscribed_domains"] if app.parse::<u64>().is_ok() => request.subscribed_domains(),
        ["certificates"] => request.certificates(),
        [id] => request.certificate(id),
        _ => Ok(unknown_object(&path)),
    }
}

/// Whether a segment of a path is a version, such as `v19.0`.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
