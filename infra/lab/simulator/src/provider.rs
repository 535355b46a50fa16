use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};

use crate::fault::Fault;
use crate::world::World;
use crate::{cloudflare, digicert, meta};

/// What [`Requests`](crate::Requests) counts for ever; an endpoint that is added gets a line here.
pub(crate) const COUNTED_PREFIXES: [&str; 9] = [
    "/services/v2/",
    "/services/v2/certificate/",
    "/services/v2/order/certificate/",
    "/services/v2/webhook",
    "/client/v4/",
    "/client/v4/zones/",
    "/client/v4/accounts/",
    "/graph/",
    "/graph/certificates",
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Provider {
    CertCentral,
    Cloudflare,
    Graph,
}

impl Provider {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let below = |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        if below(digicert::BASE) {
            Some(Self::CertCentral)
        } else if below(cloudflare::BASE) {
            Some(Self::Cloudflare)
        } else if below(meta::BASE) {
            Some(Self::Graph)
        } else {
            None
        }
    }

    /// The answer to a request whose key is not the expected one.
    pub(crate) fn refusal(self, world: &World, request: &Request) -> Option<Response> {
        match self {
            Self::CertCentral => digicert::refusal(world, request),
            Self::Cloudflare => cloudflare::refusal(world, request),
            Self::Graph => meta::refusal(world, request),
        }
    }

    /// The provider's own error answer for a fault that has one.
    pub(crate) fn failure(self, fault: &Fault) -> Option<Response> {
        match self {
            Self::CertCentral => digicert::failure(fault),
            Self::Cloudflare => cloudflare::failure(fault),
            Self::Graph => meta::failure(fault),
        }
    }

    pub(crate) fn unknown_route(self, path: &str) -> Response {
        match self {
            Self::CertCentral => digicert::unknown_route(),
            Self::Cloudflare => cloudflare::unknown_route(path),
            Self::Graph => meta::unknown_object(path.trim_start_matches(meta::BASE)),
        }
    }
}

/// Not in constant time: these keys guard nothing.
pub(crate) fn is_expected(expected: &Option<SecretString>, given: Option<&str>) -> bool {
    expected.as_ref().is_none_or(|expected| given == Some(expected.expose_secret()))
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}
