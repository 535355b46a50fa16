use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;

pub(crate) type Handled = Result<Response, Broken>;

/// A fault of the simulator itself, not a simulated one: 500 in plain text that says so.
pub(crate) struct Broken(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        let text = format!("the simulator itself failed: {:#}\n", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    }
}

pub(crate) fn json(status: StatusCode, body: Value) -> Response {
    (status, Json(body)).into_response()
}

/// The HTML that stands for a provider's own answer: an error page of the network before it, or
/// a page with status 200.
pub(crate) fn html(status: StatusCode, text: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{text}</title></head>\n\
         <body><h1>{text}</h1></body></html>\n"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// A server error: the provider's `body` with 500, a gateway's page with any other status.
pub(crate) fn server_error(status: Option<u16>, body: Value) -> Response {
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    match status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE) {
        StatusCode::INTERNAL_SERVER_ERROR => json(StatusCode::INTERNAL_SERVER_ERROR, body),
        status => html(status, status.canonical_reason().unwrap_or("Server Error")),
    }
}

pub(crate) fn with_retry_after(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

pub(crate) fn redirect(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// A moment in a provider's notation.
pub(crate) fn moment(
    moment: OffsetDateTime,
    notation: &[BorrowedFormatItem<'_>],
) -> Result<String, time::error::Format> {
    moment.format(notation)
}
