use std::time::Duration;

use anyhow::{Context, Result};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue};
use providers::address::is_loopback;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

/// The maximum number of bytes read of a response, which is more than any provider looks at.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// An endpoint that a provider may send to: https, or http on a loopback address, which no real provider
/// allows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// The URL as the request spelt it.
    text: String,
    url: Url,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_allowed = match url.scheme() {
            "https" => url.has_host(),
            "http" => url.host_str().is_some_and(is_loopback),
            _ => false,
        };
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        (is_allowed && !has_credentials).then(|| Self { text: text.to_owned(), url })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The response of an endpoint.
pub(crate) struct EndpointResponse {
    pub(crate) code: u16,
}

impl EndpointResponse {
    pub(crate) fn is_success(&self) -> bool {
        is_success(self.code)
    }
}

pub(crate) fn is_success(code: u16) -> bool {
    (200..300).contains(&code)
}

/// Sends the providers' events, with one attempt, no redirects and a timeout. CertCentral and Cloudflare
/// are not known to retry.
pub(crate) struct WebhookSender {
    timeout: Duration,
    /// The client for http to loopback addresses. It has no trusted roots, because reading those of the
    /// system takes longer than the rest of the start.
    loopback_client: Client,
    running: watch::Receiver<()>,
}

impl WebhookSender {
    pub(crate) fn new(timeout: Duration, running: watch::Receiver<()>) -> Result<Self> {
        // The process has one TLS provider; a second call fails because the first one has set it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let loopback_client = builder(timeout).no_proxy().tls_certs_only([]).build();
        let loopback_client =
            loopback_client.context("the HTTP client that sends the providers' events")?;
        Ok(Self { timeout, loopback_client, running })
    }

    /// POSTs JSON, with a secret in a header if there is one. `None` without a whole response in time.
    pub(crate) async fn post(
        &self,
        target: &Target,
        key: Option<(HeaderName, &SecretString)>,
        json: String,
    ) -> Option<EndpointResponse> {
        let mut request = self.client(target).ok()?.post(target.url.clone()).body(json);
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some((name, secret)) = key {
            let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        self.send(request).await
    }

    /// Endpoints on https are rare, so their client is built when it is needed.
    fn client(&self, target: &Target) -> reqwest::Result<Client> {
        match target.url.scheme() {
            "http" => Ok(self.loopback_client.clone()),
            _ => builder(self.timeout).build(),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Option<EndpointResponse> {
        let mut running = self.running.clone();
        tokio::select! {
            response = response(request) => response.ok(),
            // Nothing is ever sent on the channel. This is ready when the simulator stops.
            _ = running.changed() => None,
        }
    }
}

fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("certhooks-simulator/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(timeout)
}

/// Sends the request and reads the whole body, so that the connection can be used again.
async fn response(request: RequestBuilder) -> reqwest::Result<EndpointResponse> {
    let mut response: Response = request.send().await?;
    let code = response.status().as_u16();
    let mut room = MAX_RESPONSE_BYTES;
    while let Some(chunk) = response.chunk().await? {
        match room.checked_sub(chunk.len()) {
            Some(rest) => room = rest,
            None => break,
        }
    }
    Ok(EndpointResponse { code })
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn targets_are_https_or_loopback() {
        for text in [
            "https://webhook.example.com/x",
            "http://127.0.0.1:3000/webhooks/digicert",
            "http://127.9.9.9/",
            "http://[::1]:1/",
            "http://localhost:1/x?y=z",
        ] {
            assert_eq!(Target::parse(text).unwrap().text(), text);
        }
        for text in [
            "",
            "webhook.example.com",
            "http://webhook.example.com/",
            "http://localhost.example.com/",
            "http://192.0.2.1/",
            "http://0.0.0.0/",
            "ftp://127.0.0.1/",
            "https://",
            "https://user:word@example.com/",
        ] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }
}
