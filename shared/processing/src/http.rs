use std::time::Duration;

use ports::{PortError, PortResult};
use providers::address;
use providers::api::{Key, Request};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use secrecy::ExposeSecret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTP client for `base`, as every part of Certhooks uses it: no redirects, no compressed answers,
/// and no proxy to a loopback address.
///
/// # Errors
/// Only when TLS does not start; the error says why, and what to do.
pub fn client(timeout: Duration, base: &Url) -> PortResult<Client> {
    // Every part of the program installs the same crypto provider, so a second call is no error.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let identity = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
    let builder = Client::builder()
        .user_agent(concat!("certhooks/", env!("CARGO_PKG_VERSION")))
        .default_headers(identity)
        .redirect(Policy::none())
        .connect_timeout(timeout.min(CONNECT_TIMEOUT))
        .timeout(timeout)
        // Idle connections are dead after a Lambda freeze (aws-lambda-web-adapter #830).
        .pool_idle_timeout(Duration::from_secs(15));
    let builder = if is_loopback(base) { builder.no_proxy() } else { builder };
    // Without TLS no root certificates are needed, which a small container may lack.
    let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| PortError(not_started(&error)))
}

/// The error of the library says nothing but `builder error`; its causes do.
fn not_started(error: &reqwest::Error) -> String {
    let mut text = "the HTTP client did not start".to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let set = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .iter()
        .find_map(|name| Some(format!("{name} is {}", std::env::var(name).ok()?)));
    let remedy = match set {
        Some(set) => format!("{set}: name a PEM file, or a folder of them, with root certificates"),
        None => "install the system's root certificates (package ca-certificates), or set SSL_CERT_FILE to a PEM file \
                 of them"
            .to_owned(),
    };
    format!("{text}; {remedy}")
}

/// Whether a URL names this machine.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(address::is_loopback)
}

/// A request below `base`. `None` where the base can have no path.
pub(crate) fn below(
    client: &Client,
    base: &Url,
    method: Method,
    segments: &[String],
) -> Option<RequestBuilder> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
    Some(client.request(method, url))
}

/// A call of a management API. `None` where the key contains a character that a header cannot carry.
pub fn management_call(
    client: &Client,
    base: &Url,
    request: &Request,
    key: &Key,
) -> Option<RequestBuilder> {
    let built = below(client, base, request.method.clone(), &request.segments)?;
    let body = request.body.as_ref().map(|body| body.expose_secret().to_owned());
    let built = with_key(built.query(&request.query), key)?;
    // CertCentral's documentation sends the content type with every call, also without a body.
    let built = built.header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/json");
    Some(built.body(body.unwrap_or_default()))
}

pub(crate) fn with_key(request: RequestBuilder, key: &Key) -> Option<RequestBuilder> {
    Some(match key {
        Key::Header { name, value } => {
            let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
            value.set_sensitive(true);
            request.header(*name, value)
        }
        Key::Query { name, value } => request.query(&[(name, value.expose_secret())]),
    })
}

/// Whether the body of an answer is in an encoding, although every request asks for none
/// ([`client`]; RFC 9110, 8.4 and 12.5.3).
pub fn is_encoded(response: &Response) -> bool {
    let values = response.headers().get_all(CONTENT_ENCODING).iter();
    values.map(HeaderValue::as_bytes).any(|value| {
        let value = value.trim_ascii();
        !value.is_empty() && !value.eq_ignore_ascii_case(b"identity")
    })
}

/// The whole body of an answer. `None` where it is larger than `limit` bytes.
///
/// # Errors
/// The connection ended before the answer did.
pub async fn body(mut response: Response, limit: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
