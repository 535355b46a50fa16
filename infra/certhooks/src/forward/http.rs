use std::time::Duration;

use embedded::Delivered;
use processing::http::{self, is_loopback};
use providers::api::retry_after;
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use time::OffsetDateTime;

use crate::client::innermost;
use crate::display::clean;
use crate::error::{CommandError, CommandResult};
use crate::forward::signature::Signer;
use crate::forward::target::Failure;
use crate::output::Output;

/// CloudEvents 1.0, HTTP protocol binding, structured content mode.
const CLOUD_EVENT: &str = "application/cloudevents+json";
/// Maximum size of an answer that is read, in bytes. Its content is ignored; reading it keeps the
/// connection for the next event.
const ANSWER_LIMIT: usize = 64 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The consumer's own webhook endpoint.
pub(crate) struct Endpoint {
    client: reqwest::Client,
    url: Url,
    signer: Signer,
    timeout: Duration,
}

impl Endpoint {
    pub(crate) fn new(url: Url, signer: Signer, timeout: Duration) -> CommandResult<Self> {
        Ok(Self { client: http::client(timeout, &url)?, url, signer, timeout })
    }

    pub(crate) async fn post(&self, delivered: &Delivered) -> Result<(), Failure> {
        let Delivered { id, body, .. } = delivered;
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let signature = self.signer.sign(id, timestamp, body);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, CLOUD_EVENT)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body.clone());
        match request.send().await {
            Ok(response) => {
                let outcome = classify(&response);
                let read = http::body(response, ANSWER_LIMIT);
                let _ignored = tokio::time::timeout(ANSWER_TIMEOUT, read).await;
                outcome
            }
            Err(error) => Err(Failure::of(self.reason(&error))),
        }
    }

    fn reason(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return match error.is_connect() {
                true => "no connection in time".to_owned(),
                false => format!("no answer within {}", humantime::format_duration(self.timeout)),
            };
        }
        let cause = innermost(error).unwrap_or_else(|| "the request cannot be sent".to_owned());
        match error.is_connect() {
            true => format!("no connection ({})", clean(&cause)),
            false => format!("no complete answer ({})", clean(&cause)),
        }
    }
}

fn classify(response: &Response) -> Result<(), Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let reason = match status.is_redirection() {
        true => format!("answered {}, a redirect, which is not followed", status.as_u16()),
        false => format!("answered {}", status.as_u16()),
    };
    let now = OffsetDateTime::now_utc().unix_timestamp().unsigned_abs();
    let value = response.headers().get(RETRY_AFTER).map(HeaderValue::to_str);
    let retry_after = value.and_then(|value| retry_after(value.ok()?, now));
    Err(Failure { reason, retry_after, is_final: status == StatusCode::GONE })
}

/// The URL of a consumer.
///
/// # Errors
/// The URL is invalid. The error quotes nothing of it, since it may contain a password.
pub(crate) fn consumer_url(text: &str) -> CommandResult<Url> {
    let error = |problem: &str| Err(CommandError::usage(format!("--to: {problem}")));
    let Ok(url) = Url::parse(text) else {
        return error("not a valid URL; it must look like http://127.0.0.1:9000/certificates");
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return error("must begin with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return error(
            "must not contain a user name or password; the consumer checks the signature instead",
        );
    }
    if url.fragment().is_some() {
        return error("must not contain a fragment (#)");
    }
    Ok(url)
}

pub(crate) fn warn_of_plain_text(url: &Url, output: Output) {
    if url.scheme() == "http" && !is_loopback(url) {
        output.warn(
            "--to: events are signed, but not encrypted on the way to this address; use https:// if \
             others can read there",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::consumer_url;

    #[test]
    fn a_consumer_has_an_http_address_without_a_password() {
        for (text, is_usable) in [
            ("http://127.0.0.1:9000/certificates?a=b", true),
            ("http://inventory.internal", true),
            ("https://inventory.example.com/", true),
            ("https://user:secret@inventory.example.com/", false),
            ("https://inventory.example.com/#a", false),
            ("ftp://inventory.example.com/", false),
            ("inventory.example.com", false),
            ("https://", false),
        ] {
            let checked = consumer_url(text);
            assert_eq!(checked.is_ok(), is_usable, "{text}");
            assert!(checked.err().is_none_or(|error| !error.message().contains("secret")));
        }
    }
}
