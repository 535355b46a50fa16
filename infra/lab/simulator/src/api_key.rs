use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};

/// Whether a request's key is the expected one; without an expected one, any key is. The comparison is
/// not in constant time, because these keys protect nothing.
pub(crate) fn is_expected(expected: &Option<SecretString>, key: Option<&str>) -> bool {
    expected.as_ref().is_none_or(|expected| key == Some(expected.expose_secret()))
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}
