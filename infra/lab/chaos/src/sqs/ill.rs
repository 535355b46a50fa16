use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};

use crate::sqs::wire::{Seen, Service};
use harness::Random;

/// Longer than the attempt of any client here.
const TOO_LONG: Duration = Duration::from_secs(6);

/// What is done to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    Pass,
    KillBefore,
    KillAfter,
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The connection ends, and the request went nowhere.
    Reset,
    /// The connection ends after the request has done its work.
    LostAnswer,
    /// 500, and nothing was done.
    Error,
    /// 503 with the service's own code.
    Unavailable,
    Throttle,
    Slow(Duration),
    /// The caller has given up when the answer comes; the request has done its work.
    TimeOut,
    /// Of a batch each second message is not taken.
    Partial,
}

impl Fault {
    /// Any that this request can meet.
    pub(crate) fn any(seen: &Seen, random: &mut Random) -> Self {
        match random.below(100) {
            0..=14 => Self::Reset,
            15..=34 => Self::LostAnswer,
            35..=49 => Self::Error,
            50..=59 => Self::Unavailable,
            60..=74 => Self::Throttle,
            75..=77 => Self::TimeOut,
            78..=89 if seen.is_batch => Self::Partial,
            _ => Self::Slow(Duration::from_millis(20 + random.below(280))),
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

    /// Whether the request does its work and the caller does not learn of it.
    pub(crate) fn hides_success(self) -> bool {
        matches!(self, Self::LostAnswer | Self::TimeOut)
    }

    pub(crate) fn pause(self) -> Duration {
        match self {
            Self::Slow(pause) => pause,
            Self::TimeOut => TOO_LONG,
            _ => Duration::ZERO,
        }
    }

    /// The service's answer, where it is one that says no.
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
            Service::S3 => format!("<Error><Code>{code}</Code><Message>torture</Message></Error>"),
            _ => format!(r#"{{"__type":"{code}","message":"torture"}}"#),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        if status == 429 {
            response.headers_mut().insert("retry-after", http::HeaderValue::from_static("1"));
        }
        Some(response)
    }
}
