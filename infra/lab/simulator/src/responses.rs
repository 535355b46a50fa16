use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// What a handler returns.
pub(crate) type HandlerResult<T = Response> = Result<T, Failure>;

/// Why a handler has no successful response.
pub(crate) enum Failure {
    /// The provider refuses the request.
    Refused(Refused),
    /// An error of the simulator itself. The response is 500 with plain text that says so.
    Internal(anyhow::Error),
}

/// The status and body with which a provider refuses a request.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) StatusCode, pub(crate) Value);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        json(self.0, self.1)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refused) => refused.into_response(),
            Self::Internal(error) => {
                let text = format!("the simulator itself failed: {error:#}\n");
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        }
    }
}

pub(crate) fn json(status: StatusCode, body: Value) -> Response {
    (status, Json(body)).into_response()
}

/// An HTML page in place of the provider's own response: an error page of a gateway, or a page with status
/// 200.
pub(crate) fn html(status: StatusCode, text: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{text}</title></head>\n\
         <body><h1>{text}</h1></body></html>\n"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// A server error: the provider's `body` with status 500, the page of a gateway with any other status.
pub(crate) fn server_error(status: Option<u16>, body: Value) -> Response {
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    match status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE) {
        StatusCode::INTERNAL_SERVER_ERROR => json(StatusCode::INTERNAL_SERVER_ERROR, body),
        status => html(status, status.canonical_reason().unwrap_or("Server Error")),
    }
}

/// The response to a bad request on a control path.
pub(crate) fn bad_request(error: String) -> Response {
    json(StatusCode::BAD_REQUEST, json!({"error": error}))
}

/// The members of a JSON object.
pub(crate) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
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
