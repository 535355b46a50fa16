use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::sqs::request::{RequestInfo, Service};
use fastrand::Rng;

/// Longer than the attempt timeout of any client.
const TIMEOUT_DELAY: Duration = Duration::from_secs(6);

/// What the proxy does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    Forward,
    /// The sender is killed, and the request is not forwarded.
    KillBefore,
    /// The sender is killed after the request has had its effect.
    KillAfter,
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The connection ends, and the request is not forwarded.
    Reset,
    /// The connection ends after the request has had its effect.
    LostAnswer,
    /// 500, and the request is not forwarded.
    Error,
    /// 503 with the error code of the service.
    Unavailable,
    Throttle,
    Slow(Duration),
    /// The response comes after the attempt timeout of the sender; the request has had its effect.
    TimeOut,
    /// Every second message of a batch fails.
    Partial,
}

impl Fault {
    /// A random fault that this request can have.
    pub(crate) fn random(request: &RequestInfo, random: &mut Rng) -> Self {
        match random.u64(..100) {
            0..=14 => Self::Reset,
            15..=34 => Self::LostAnswer,
            35..=49 => Self::Error,
            50..=59 => Self::Unavailable,
            60..=74 => Self::Throttle,
            75..=77 => Self::TimeOut,
            78..=89 if request.is_batch => Self::Partial,
            _ => Self::Slow(Duration::from_millis(20 + random.u64(..280))),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::LostAnswer => "lost answer",
            Self::Error => "500",
            Self::Unavailable => "503",
            Self::Throttle => "throttle",
            Self::Slow(_) => "slow",
            Self::TimeOut => "timeout",
            Self::Partial => "partial batch failure",
        }
    }

    /// Whether the request has its effect and the sender gets no response.
    pub(crate) fn hides_success(self) -> bool {
        matches!(self, Self::LostAnswer | Self::TimeOut)
    }

    pub(crate) fn pause(self) -> Duration {
        match self {
            Self::Slow(pause) => pause,
            Self::TimeOut => TIMEOUT_DELAY,
            _ => Duration::ZERO,
        }
    }

    /// The error response of the service, if the fault has one.
    pub(crate) fn refusal(self, service: Service) -> Option<Response<Body>> {
        let (status, code) = match (self, service) {
            (Self::Error, Service::DynamoDb) => (500, "InternalServerError"),
            (Self::Error, Service::Secrets) => (500, "InternalServiceError"),
            (Self::Error, _) => (500, "InternalError"),
            (Self::Unavailable, _) => (503, "ServiceUnavailable"),
            (Self::Throttle, Service::Provider) => (429, "TooManyRequests"),
            (Self::Throttle, Service::DynamoDb) => (400, "ProvisionedThroughputExceededException"),
            (Self::Throttle, Service::Sqs) => (400, "RequestThrottled"),
            (Self::Throttle, Service::S3) => (503, "SlowDown"),
            (Self::Throttle, Service::Secrets) => (400, "ThrottlingException"),
            _ => return None,
        };
        let body = match service {
            Service::S3 => format!("<Error><Code>{code}</Code><Message>chaos</Message></Error>"),
            _ => format!(r#"{{"__type":"{code}","message":"chaos"}}"#),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        if status == 429 {
            response.headers_mut().insert("retry-after", http::HeaderValue::from_static("1"));
        }
        Some(response)
    }
}
