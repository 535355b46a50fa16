use std::time::Duration;

use anyhow::{Context, Result};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue};
use providers::address::is_loopback;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

/// More of an answer than any provider looks at.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Where a provider may send to: https, or http on a loopback address, which no real one does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// As it was given.
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
        let has_login = !url.username().is_empty() || url.password().is_some();
        (is_allowed && !has_login).then(|| Self { text: text.to_owned(), url })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A whole answer, its body up to a limit.
pub(crate) struct Answered {
    pub(crate) code: u16,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn is_success(&self) -> bool {
        is_success(self.code)
    }
}

pub(crate) fn is_success(code: u16) -> bool {
    (200..300).contains(&code)
}

/// Sends what the providers send: one attempt, no redirect, bounded in time. CertCentral and
/// Cloudflare are not known to try again.
pub(crate) struct Courier {
    limit: Duration,
    /// To loopback addresses by http, so without roots to trust: reading those of the system
    /// takes longer than all else at a start.
    near: Client,
    running: watch::Receiver<()>,
}

impl Courier {
    pub(crate) fn new(limit: Duration, running: watch::Receiver<()>) -> Result<Self> {
        // One TLS provider in the whole process; a second call finds the first one's.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let near = builder(limit).no_proxy().tls_certs_only([]).build();
        let near = near.context("the HTTP client that sends the providers' events")?;
        Ok(Self { limit, near, running })
    }

    /// POSTs JSON, with a secret in a header if there is one. `None`: no whole answer in time.
    pub(crate) async fn post(
        &self,
        target: &Target,
        key: Option<(HeaderName, &SecretString)>,
        json: String,
    ) -> Option<Answered> {
        let mut request = self.client(target).ok()?.post(target.url.clone()).body(json);
        request = request.header(CONTENT_TYPE, "application/json");
        if let Some((name, secret)) = key {
            let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        self.send(request).await
    }

    /// `None` as above.
    pub(crate) async fn get(&self, target: &Target, query: &[(&str, &str)]) -> Option<Answered> {
        self.send(self.client(target).ok()?.get(target.url.clone()).query(query)).await
    }

    /// https is seldom met here, so its client is made when it is.
    fn client(&self, target: &Target) -> reqwest::Result<Client> {
        match target.url.scheme() {
            "http" => Ok(self.near.clone()),
            _ => builder(self.limit).build(),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Option<Answered> {
        let mut running = self.running.clone();
        tokio::select! {
            answered = whole(request) => answered.ok(),
            // Nothing is ever sent on it: this is ready when the simulator stops.
            _ = running.changed() => None,
        }
    }
}

fn builder(limit: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("certhooks-simulator/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(limit)
}

/// Reads the body too: the connection can then be used again.
async fn whole(request: RequestBuilder) -> reqwest::Result<Answered> {
    let mut response: Response = request.send().await?;
    let code = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_LIMIT - body.len();
        body.extend(chunk.iter().take(room));
        if chunk.len() > room {
            break;
        }
    }
    Ok(Answered { code, body })
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
