use std::sync::OnceLock;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue};
use processing::http;
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

/// The maximum number of bytes read of a response, which is more than any provider looks at.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// How long an endpoint may take to respond to an event, as the first provider documents it.
const TIMEOUT: Duration = Duration::from_secs(10);

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
            "http" => http::is_loopback(&url),
            _ => false,
        };
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        (is_allowed && !has_credentials).then(|| Self { text: text.to_owned(), url })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Whether a response with this status code is a success; without a response it is none.
pub(crate) fn is_success(code: Option<u16>) -> bool {
    code.is_some_and(|code| (200..300).contains(&code))
}

/// Sends the providers' events, with one attempt, no redirects and a timeout. No provider is known to retry.
pub(crate) struct WebhookSender {
    /// The client for loopback addresses, from the first event on: building one reads the roots of the system.
    loopback: OnceLock<Client>,
    running: watch::Receiver<()>,
}

impl WebhookSender {
    pub(crate) fn new(running: watch::Receiver<()>) -> Self {
        Self { loopback: OnceLock::new(), running }
    }

    /// POSTs JSON, with a secret in a header if there is one. Returns the status code of the response; `None`
    /// without a whole response in time.
    pub(crate) async fn post(
        &self,
        target: &Target,
        key: Option<(HeaderName, &SecretString)>,
        json: String,
    ) -> Option<u16> {
        let mut request = self.client(&target.url)?.post(target.url.clone()).body(json);
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some((name, secret)) = key {
            let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let mut running = self.running.clone();
        tokio::select! {
            code = code(request) => code.ok(),
            // Nothing is ever sent on the channel. This is ready when the simulator stops.
            _ = running.changed() => None,
        }
    }

    /// Endpoints elsewhere are rare, so their client is built each time.
    fn client(&self, url: &Url) -> Option<Client> {
        if !http::is_loopback(url) {
            return http::client(TIMEOUT, url).ok();
        }
        match self.loopback.get() {
            Some(client) => Some(client.clone()),
            None => {
                let client = http::client(TIMEOUT, url).ok()?;
                Some(self.loopback.get_or_init(|| client).clone())
            }
        }
    }
}

/// Sends the request and reads the whole body, so that the connection can be used again.
async fn code(request: RequestBuilder) -> reqwest::Result<u16> {
    let mut response = request.send().await?;
    let mut length = 0;
    while let Some(chunk) = response.chunk().await?
        && length < MAX_RESPONSE_BYTES
    {
        length += chunk.len();
    }
    Ok(response.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn targets_are_https_or_loopback() {
        for text in [
            "https://webhook.example.com/x",
            "http://127.0.0.1:3000/webhooks/acme",
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
