use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

use crate::client::is_loopback;
use crate::doctor::report::Finding;

/// "If DigiCert doesn't receive a status response code of 2XX from your service within 10 seconds of
/// sending an event, the request failed" (CertCentral webhooks, "Troubleshoot your webhook endpoint").
pub(crate) const LIMIT: Duration = Duration::from_secs(10);
/// An answer that takes this long here may exceed the limit with more latency or a cold start.
const SLOW: Duration = Duration::from_secs(5);

/// Sends requests as a provider would.
pub(crate) struct Prober {
    /// For loopback addresses: never through a proxy.
    loopback: Client,
    remote: Client,
}

/// How a webhook endpoint answered a probe.
pub(crate) enum ProbeResult {
    Answered {
        status: u16,
        /// `null` when it is not JSON.
        body: Value,
        text: String,
        after: Duration,
    },
    /// Why there was no answer, as text for people.
    NoAnswer(String),
}

impl Prober {
    /// # Errors
    /// The TLS back end cannot be initialised.
    pub(crate) fn new() -> reqwest::Result<Self> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("certhooks-doctor/", env!("CARGO_PKG_VERSION")))
                // Providers follow no redirects.
                .redirect(Policy::none())
                .timeout(LIMIT)
        };
        Ok(Self { loopback: builder().no_proxy().build()?, remote: builder().build()? })
    }

    pub(crate) fn post(&self, url: &Url, body: impl Into<Vec<u8>>) -> RequestBuilder {
        let request = self.client(url).post(url.clone()).body(body.into());
        request.header("content-type", "application/json")
    }

    pub(crate) fn get(&self, url: &Url) -> RequestBuilder {
        self.client(url).get(url.clone())
    }

    fn client(&self, url: &Url) -> &Client {
        if is_loopback(url) { &self.loopback } else { &self.remote }
    }
}

impl ProbeResult {
    /// Sends a probe and reads the answer to its end.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let began = Instant::now();
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.text().await?))
        };
        match answer.await {
            Ok((status, text)) => {
                let body = serde_json::from_str(&text).unwrap_or_default();
                Self::Answered { status, body, text, after: began.elapsed() }
            }
            Err(error) => Self::NoAnswer(reason(&error)),
        }
    }
}

/// The error's own text is not used: it repeats the URL, which for Meta holds the verify token.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("no answer within {} s", LIMIT.as_secs())
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection ended before the answer was complete".to_owned()
    }
}

/// The finding for an endpoint's answer. `probe` describes the request, `log_hint` says where the
/// endpoint logs its errors.
pub(crate) fn classify(
    check: &'static str,
    probe: &str,
    result: &ProbeResult,
    log_hint: &str,
) -> Finding {
    let (status, after) = match result {
        ProbeResult::NoAnswer(reason) => {
            let detail = format!("{probe}: {reason}");
            return Finding::error(
                check,
                detail,
                format!("start the webhook endpoint; {log_hint}"),
            );
        }
        ProbeResult::Answered { status, after, .. } => (*status, *after),
    };
    let millis = after.as_millis();
    let answered = format!("{probe}: {status} in {millis} ms");
    match status {
        200 if is_from_certhooks(result) => duration(check, answered, after),
        200..=299 => Finding::error(
            check,
            format!("{answered}, but not from Certhooks: another server answers at this address"),
            "route this path to Certhooks",
        ),
        300..=399 => Finding::error(
            check,
            format!("{answered}: a redirect, which providers do not follow"),
            "give the provider the address that it redirects to",
        ),
        401 => Finding::error(
            check,
            format!("{answered}: the endpoint has another secret than this installation"),
            "use the secret of that endpoint: --state with its folder, or the variable of the secret",
        ),
        403 => Finding::warning(
            check,
            format!("{answered}: the source address, which is this machine's, is not allowed"),
            "nothing, if only the provider's addresses are to be allowed; else correct SOURCE_IP_ALLOWLIST",
        ),
        404 | 405 => Finding::error(
            check,
            format!("{answered}: no webhook endpoint at this address"),
            "let the URL end with the route of the provider, such as /webhooks/digicert",
        ),
        429 => Finding::warning(check, format!("{answered}: throttled"), "try again later"),
        503 => Finding::error(
            check,
            format!("{answered}: the endpoint cannot read its secret or reach its queue"),
            log_hint,
        ),
        _ => Finding::error(check, answered, log_hint),
    }
}

fn duration(check: &'static str, answered: String, after: Duration) -> Finding {
    let limit = LIMIT.as_secs();
    if after > SLOW {
        let detail = format!("{answered}, near the limit of {limit} s");
        Finding::warning(
            check,
            detail,
            "give the function more memory, or reduce the latency to it",
        )
    } else {
        Finding::ok(check, format!("{answered} (limit {limit} s)"))
    }
}

/// Certhooks answers a request without an event with `"accepted": 0`.
fn is_from_certhooks(result: &ProbeResult) -> bool {
    matches!(result, ProbeResult::Answered { body, .. } if body["accepted"] == 0)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use reqwest::Url;
    use serde_json::json;

    use super::{ProbeResult, Prober, classify};

    fn detail(result: &ProbeResult) -> String {
        classify("answer", "test event", result, "see the log").detail
    }

    #[test]
    fn an_answer_near_the_limit_is_a_warning() {
        let after = Duration::from_millis(6000);
        let (body, text) = (json!({"accepted": 0, "ids": []}), String::new());
        let slow = ProbeResult::Answered { status: 200, body, text, after };
        assert_eq!(detail(&slow), "test event: 200 in 6000 ms, near the limit of 10 s");
    }

    /// The listener accepts connections and says nothing. The time of the test advances by itself.
    #[tokio::test(start_paused = true)]
    async fn no_answer_within_the_limit_is_an_error() {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let request = Prober::new().unwrap().post(&Url::parse(&url).unwrap(), "{}");
        let result = ProbeResult::of(request).await;
        assert_eq!(detail(&result), "test event: no answer within 10 s");
    }
}
