use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
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
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Address => Reason::Address,
            Self::Body(BodyFault::CutShort) => Reason::BodyCutShort,
            Self::Body(BodyFault::NoMemory) => Reason::BodyMemory,
            Self::Body(BodyFault::TooSlow) => Reason::BodyTooSlow,
            Self::Document(_) => Reason::Document,
            Self::Handshake => Reason::Handshake,
            Self::Method => Reason::Method,
            Self::Queue(_) => Reason::Queue,
            Self::Secret(_) => Reason::OwnSecret,
            Self::TooLarge(_) => Reason::TooLarge,
            Self::Unauthorized => Reason::Unauthorized,
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

/// Why a request is refused. It goes along with the answer, for whoever serves it, and is not sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    Address,
    BodyCutShort,
    BodyMemory,
    BodyTooSlow,
    Document,
    Handshake,
    Method,
    /// There is no webhook endpoint at the path.
    NoRoute,
    OwnSecret,
    Queue,
    TooLarge,
    Unauthorized,
}

impl Reason {
    /// The `reason` of log lines and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::BodyCutShort => "body_cut_short",
            Self::BodyMemory => "body_memory",
            Self::BodyTooSlow => "body_too_slow",
            Self::Document => "document",
            Self::Handshake => "handshake",
            Self::Method => "method",
            Self::NoRoute => "no_route",
            Self::OwnSecret => "own_secret",
            Self::Queue => "queue",
            Self::TooLarge => "too_large",
            Self::Unauthorized => "unauthorized",
        }
    }
}

/// Returns the HTTP answer of an outcome (infra/docs/architecture.md, "Answers of the webhook
/// endpoints").
pub(crate) fn answer<R: WebhookReceiver>(outcome: &Outcome) -> Response<Bytes> {
    match outcome {
        Outcome::Accepted(ids) => {
            let body = serde_json::to_string(&Acknowledgement { accepted: ids.len(), ids });
            respond(StatusCode::OK, "application/json", body.unwrap_or_default())
        }
        Outcome::Handshake(challenge) => {
            let mut response = respond(StatusCode::OK, "text/plain", challenge.clone());
            // It is the sender's text, which no browser is to take for a page.
            let no_page = HeaderValue::from_static("nosniff");
            response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, no_page);
            response
        }
        Outcome::Refused(cause) => refused::<R>(cause),
    }
}

fn refused<R: WebhookReceiver>(cause: &Cause) -> Response<Bytes> {
    let mut response = problem(cause.status(), &cause.detail(), cause.reason());
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
    response
}

/// The answer to a request for a path that no webhook endpoint has.
pub fn no_route() -> Response<Bytes> {
    problem(StatusCode::NOT_FOUND, "There is no such route.", Reason::NoRoute)
}

/// An answer with the problem details of RFC 9457.
fn problem(status: StatusCode, detail: &str, reason: Reason) -> Response<Bytes> {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut response = respond(status, "application/problem+json", body.to_string());
    response.extensions_mut().insert(reason);
    response
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
