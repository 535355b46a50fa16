use std::future::{pending, ready};
use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{StreamExt, once};
use tokio::time::sleep;

use crate::connection::ConnectionHandle;
use crate::control::CONTROL;
use crate::fault::{Fault, InjectedFault};
use crate::provider::{AppState, Provider};
use crate::responses::{HandlerResult, html, redirect};

/// Handles every request to a provider: records it, delays it, injects the fault, checks the API key, and
/// lets it be answered. When the simulator stops, the connections of unfinished requests are reset.
pub(crate) async fn handle(
    State(state): State<AppState>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let Some(provider) = Provider::of(path) else {
        let is_control = path.starts_with(CONTROL);
        return match is_control && !state.shared.settings.has_control {
            true => StatusCode::NOT_FOUND.into_response(),
            false => next.run(request).await,
        };
    };
    let fault = state.shared.faults.take(path);
    let query = request.uri().query().unwrap_or_default();
    state.shared.requests.record(request.method().as_str(), path, query, fault.clone());
    // The delay is the whole time to an answer: it has begun before the answer is made.
    let delay = sleep(state.shared.delay());
    let delayed = async {
        let response = respond(&state, provider, fault, &connection, request, next).await;
        delay.await;
        response
    };
    tokio::select! {
        response = delayed => response,
        () = state.shared.stopped() => reset(&connection),
    }
}

async fn respond(
    state: &AppState,
    provider: &'static Provider,
    fault: Option<Fault>,
    connection: &ConnectionHandle,
    mut request: Request,
    next: Next,
) -> Response {
    match fault.as_ref().and_then(|fault| error_response(provider, fault)) {
        Some(response) => return response,
        None => request.extensions_mut().insert(InjectedFault(fault.clone())),
    };
    match fault {
        Some(Fault::Hang) => return pending().await,
        Some(Fault::Reset) => return reset(connection),
        Some(Fault::Slow { millis }) => sleep(Duration::from_millis(millis)).await,
        _ => {}
    }
    let response = match (provider.key_refusal)(&state.shared.settings, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    match fault {
        Some(Fault::CutOff) => cut_off(response).await.into_response(),
        _ => response,
    }
}

/// The response for a fault that replaces the whole response.
fn error_response(provider: &Provider, fault: &Fault) -> Option<Response> {
    match fault {
        Fault::Html => Some(html(StatusCode::OK, "Request unsuccessful")),
        Fault::Empty => Some(StatusCode::OK.into_response()),
        Fault::Redirect { location } => Some(redirect(location)),
        fault => (provider.error_response)(fault),
    }
}

fn reset(connection: &ConnectionHandle) -> Response {
    connection.reset();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// The response with its whole `Content-Length` and half of its body, after which the connection ends.
async fn cut_off(response: Response) -> HandlerResult {
    // This leaves time to send the half, because an error in the body discards what is still buffered.
    const FLUSH: Duration = Duration::from_millis(50);
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await?;
    let half = whole.slice(..whole.len() / 2);
    head.headers.insert(CONTENT_LENGTH, whole.len().into());
    let rest = async {
        sleep(FLUSH).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    let cut = once(ready(Ok(half))).chain(once(rest));
    Ok(Response::from_parts(head, Body::from_stream(cut)))
}
