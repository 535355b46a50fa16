//! The Graph API as far as it concerns certificate transparency: certificates, and the subscribed domains
//! of an app. The product is retired. Its former responses are kept as public clients parse them, and with
//! [`Settings::retired`](crate::Settings) it responds as it does today.
//!
//! - [`request`]: a request, with the parameters of its query and body
//! - [`certificates`], [`certificate`]: certificates by domain and by id
//! - [`domains`]: the subscribed domains of the app
//! - [`state`]: the certificates that were listed
//! - [`paging`], [`parameters`], [`replies`]: pages, parameters and responses of the Graph API

mod certificate;
mod certificates;
mod domains;
mod paging;
mod parameters;
mod replies;
mod request;
mod state;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{Method, Uri};
use axum::routing::get;
use axum::{Extension, Router};

use self::parameters::Parameters;
pub(crate) use self::replies::{error_response, key_refusal, unknown_object};
use self::request::GraphRequest;
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
    Query(mut parameters): Query<Parameters>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> HandlerResult {
    parameters.extend(parameters::of_body(&body));
    let request = GraphRequest {
        state: &state,
        method: &method,
        version: path.split('/').next().filter(|first| is_version(first)),
        parameters: &parameters,
        uri: &uri,
        fault: fault.as_ref(),
    };
    if state.shared.settings.retired {
        return Ok(request.unsupported(&path));
    }
    let mut segments: Vec<_> = path.split('/').collect();
    segments.drain(..usize::from(request.version.is_some()));
    match segments.as_slice() {
        _ if is_write(&method) => Ok(request.unsupported(&path)),
        [app, "subscribed_domains"] if app.parse::<u64>().is_ok() => request.subscribed_domains(),
        ["certificates"] => request.certificates(),
        [id] => request.certificate(id),
        _ => Ok(request.unsupported(&path)),
    }
}

fn is_write(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::DELETE)
}

/// Whether a segment of a path is a version, such as `v19.0`.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
