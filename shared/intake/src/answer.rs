use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use ports::PortError;
use providers::receiver::{InvalidDocument, WebhookReceiver};
use serde::Serialize;
use serde_json::json;

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Every event is on the queue; these are their ids.
    Accepted(Vec<String>),
    /// A subscription handshake: the challenge is returned unchanged.
    Handshake(String),
    Refused(Cause),
}

/// Why the body of a request could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyFault {
    CutShort,
    /// The bodies of other requests take up all the memory that there is for them.
    NoMemory,
    TooSlow,
}

#[derive(Debug)]
pub(crate) enum Cause {
    /// The address is not in the allowlist.
    Address,
    Body(BodyFault),
    Document(InvalidDocument),
    Handshake,
    Method,
    /// The queue did not accept every event in time.
    Queue(PortError),
    /// Our own secret cannot be read or used.
    Secret(PortError),
    TooLarge(String),
    Unauthorized,
}

impl Cause {
    /// The `reason` of log lines and metrics.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Body(BodyFault::CutShort) => "body_cut_short",
            Self::Body(BodyFault::NoMemory) => "body_memory",
            Self::Body(BodyFault::TooSlow) => "body_too_slow",
            Self::Document(_) => "document",
            Self::Handshake => "handshake",
            Self::Method => "method",
            Self::Queue(_) => "queue",
            Self::Secret(_) => "own_secret",
            Self::TooLarge(_) => "too_large",
            Self::Unauthorized => "unauthorized",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Address | Self::Handshake => StatusCode::FORBIDDEN,
            Self::Document(InvalidDocument::TooLarge) | Self::TooLarge(_) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Body(BodyFault::CutShort) | Self::Document(_) => StatusCode::BAD_REQUEST,
            Self::Body(BodyFault::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Body(BodyFault::NoMemory) | Self::Queue(_) | Self::Secret(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
        }
    }

    /// The detail for the sender. It says nothing internal, and is the same for every failure of the
    /// authentication.
    fn detail(&self) -> String {
        match self {
            Self::Address => "This address may not send events.".into(),
            Self::Body(BodyFault::CutShort) => "The body was cut short.".into(),
            Self::Body(BodyFault::TooSlow) => "The body took too long.".into(),
            Self::Document(refusal) => format!("Verified, but {refusal}."),
            Self::Handshake => "The verify token is missing or wrong.".into(),
            Self::Method => "See Allow for the methods of this route.".into(),
            Self::Body(BodyFault::NoMemory) | Self::Queue(_) | Self::Secret(_) => {
                "Try again later.".into()
            }
            Self::TooLarge(what) => format!("{what}."),
            Self::Unauthorized => "The secret or signature is missing or wrong.".into(),
        }
    }
}

/// The body of an acknowledgement, without the detour over a JSON value: each webhook has one.
#[derive(Serialize)]
struct Acknowledgement<'a> {
    accepted: usize,
    ids: &'a [String],
}

/// The reason of a refusal as log lines and metrics name it. It goes along with the answer, for whoever serves it,
/// and is not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused(pub &'static str);

/// Returns the HTTP answer of an outcome (infra/docs/architecture.md, "Answers of the webhook
/// endpoints").
pub(crate) fn answer<R: WebhookReceiver>(outcome: &Outcome) -> Response<Bytes> {
    match outcome {
        Outcome::Accepted(ids) => {
            let body = serde_json::to_string(&Acknowledgement { accepted: ids.len(), ids });
            respond(StatusCode::OK, "application/json", body.unwrap_or_default())
        }
        Outcome::Handshake(challenge) => respond(StatusCode::OK, "text/plain", challenge.clone()),
        Outcome::Refused(cause) => refused::<R>(cause),
    }
}

fn refused<R: WebhookReceiver>(cause: &Cause) -> Response<Bytes> {
    let mut response = problem(cause.status(), &cause.detail());
    let headers = response.headers_mut();
    match cause {
        Cause::Method => {
            let allow: Vec<_> = R::METHODS.iter().map(Method::as_str).collect();
            headers.extend(HeaderValue::try_from(allow.join(", ")).map(|allow| (ALLOW, allow)));
        }
        Cause::Body(BodyFault::NoMemory) | Cause::Queue(_) | Cause::Secret(_) => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("10"));
        }
        Cause::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(R::WWW_AUTHENTICATE));
        }
        _ => {}
    }
    response.extensions_mut().insert(Refused(cause.as_str()));
    response
}

/// An answer with the problem details of RFC 9457.
pub fn problem(status: StatusCode, detail: &str) -> Response<Bytes> {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    respond(status, "application/problem+json", body.to_string())
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
