use std::future::{pending, ready};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{StreamExt, once};
use tokio::time::sleep;

use crate::answers::{Broken, html, redirect};
use crate::connection::Line;
use crate::fault::Fault;
use crate::provider::Provider;
use crate::world::World;

/// The fault that a handler has to work into its answer, if it can.
#[derive(Clone, Default)]
pub(crate) struct Spoil(pub(crate) Option<Fault>);

/// The way of every provider request: recorded, delayed, failed, key checked, answered. What is
/// under way when the simulator stops is dropped.
pub(crate) async fn pass(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let Some(provider) = Provider::of(path) else {
        return next.run(request).await;
    };
    let fault = world.faults.take(path);
    let query = request.uri().query().unwrap_or_default();
    world.requests.record(request.method().as_str(), path, query, fault.clone());
    tokio::select! {
        response = answer(&world, provider, fault, &line, request, next) => response,
        () = world.stopped() => dropped(&line),
    }
}

async fn answer(
    world: &World,
    provider: Provider,
    fault: Option<Fault>,
    line: &Line,
    mut request: Request,
    next: Next,
) -> Response {
    sleep(world.delay()).await;
    match fault.as_ref().and_then(|fault| failure(provider, fault)) {
        Some(response) => return response,
        None => request.extensions_mut().insert(Spoil(fault.clone())),
    };
    match fault {
        Some(Fault::Hang) => return pending().await,
        Some(Fault::Reset) => return dropped(line),
        Some(Fault::Slow { millis }) => sleep(Duration::from_millis(millis)).await,
        _ => {}
    }
    let response = match provider.refusal(world, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    match fault {
        Some(Fault::CutOff) => cut_off(response).await.into_response(),
        _ => response,
    }
}

/// A fault that is the whole answer.
fn failure(provider: Provider, fault: &Fault) -> Option<Response> {
    match fault {
        Fault::Html => Some(html(StatusCode::OK, "Request unsuccessful")),
        Fault::Empty => Some(StatusCode::OK.into_response()),
        Fault::Redirect { location } => Some(redirect(location)),
        fault => provider.failure(fault),
    }
}

fn dropped(line: &Line) -> Response {
    line.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// The same head with the length of the whole, half of the body, and a connection that ends.
async fn cut_off(response: Response) -> Result<Response, Broken> {
    // Time for the half to go out: an error in the body throws away what is still buffered.
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
