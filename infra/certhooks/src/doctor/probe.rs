use std::time::{Duration, Instant};

use anyhow::Context as _;
use envelope::Provider;
use ports::PortResult;
use processing::http;
use providers::profile::{self, Samples};
use providers::secret::short_member;
use reqwest::{Client, Url};
use secrecy::SecretString;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::OnceCell;

use crate::doctor::{Context, Finding};
use crate::rows;

/// "If DigiCert doesn't receive a status response code of 2XX from your service within 10 seconds of
/// sending an event, the request failed" (CertCentral webhooks, "Troubleshoot your webhook endpoint").
pub(crate) const LIMIT: Duration = Duration::from_secs(10);
/// An answer that takes this long here may exceed the limit with more latency or a cold start.
const SLOW: Duration = Duration::from_secs(5);

/// Maximum size of an answer, in bytes. Those of a webhook endpoint are much smaller.
const ANSWER_LIMIT: usize = 64 * 1024;

/// How a webhook endpoint answered a probe.
pub(crate) enum ProbeResult {
    Answered {
        status: u16,
        /// `null` when it is not JSON.
        body: Value,
        after: Duration,
    },
    /// Why there was no answer, as text for people.
    NoAnswer(String),
}

/// A webhook endpoint, and the client that sends probes to it.
pub(crate) struct Subject {
    provider: Provider,
    url: Url,
    client: Client,
    /// The answer to the probe without a secret, where the provider sends one.
    unkeyed: OnceCell<ProbeResult>,
}

impl Subject {
    /// # Errors
    /// TLS does not start.
    pub(crate) fn new(provider: Provider, url: Url) -> PortResult<Self> {
        let client = http::client(LIMIT, &url)?;
        Ok(Self { provider, url, client, unkeyed: OnceCell::new() })
    }

    fn samples(&self) -> &'static Samples {
        &profile::of(self.provider).samples
    }

    async fn unkeyed(&self) -> Option<&ProbeResult> {
        let send = async || match probe(&self.client, self.provider, &self.url, None).await {
            Ok(result) => result,
            Err(error) => ProbeResult::NoAnswer(format!("{error:#}")),
        };
        match self.samples().is_probe_unkeyed {
            true => Some(self.unkeyed.get_or_init(send).await),
            false => None,
        }
    }
}

/// The answer to a probe without the secret, where the provider sends one, else with it.
pub(crate) async fn answer(context: &Context, subject: &Subject) -> Option<Finding> {
    let Some(result) = subject.unkeyed().await else { return Some(keyed(context, subject).await) };
    let probe = format!("{} without key", subject.samples().probe_name);
    Some(classify(&probe, result, &context.installation.log_hint()))
}

/// The answer to a probe with the secret, where it is also sent without, and was answered.
pub(crate) async fn answer_to_key(context: &Context, subject: &Subject) -> Option<Finding> {
    match subject.unkeyed().await? {
        ProbeResult::NoAnswer(_) => None,
        ProbeResult::Answered { .. } => Some(keyed(context, subject).await),
    }
}

/// Warns of a secret that can be guessed.
pub(crate) async fn secret_length(context: &Context, subject: &Subject) -> Option<Finding> {
    let stored = context.installation.webhook_secret(subject.provider).await.ok()?.current?;
    let short = short_member(profile::of(subject.provider).webhook_secret, &stored)?;
    let detail = format!(
        "`{}` of the webhook secret has fewer than {} characters and can be guessed; the next version refuses it",
        short.stored_as, short.min_length
    );
    let fix = match rows::of(subject.provider).and_then(|row| row.rotate) {
        Some(rotate) => context.command(rotate),
        None => format!("store a longer `{}`, and give it to the provider", short.stored_as),
    };
    Some(Finding::warning(detail, fix))
}

async fn keyed(context: &Context, subject: &Subject) -> Finding {
    let Subject { provider, url, client, .. } = subject;
    let name = format!("{} with this installation's secret", subject.samples().probe_name);
    let sent = async {
        let current = context.installation.webhook_secret(*provider).await?.current;
        let current = current.context("the webhook secret has no value")?;
        probe(client, *provider, url, Some(&current)).await
    };
    match sent.await {
        Ok(result) => classify(&name, &result, &context.installation.log_hint()),
        Err(error) => {
            let detail = format!("no {name} was sent: {error:#}");
            Finding::warning(detail, context.installation.secret_fix(*provider))
        }
    }
}

/// Sends the provider's test message, which holds no event, with a webhook secret as it is stored or
/// without one, and reads the answer to its end.
///
/// # Errors
/// The secret cannot be used.
pub(crate) async fn probe(
    client: &Client,
    provider: Provider,
    url: &Url,
    secret: Option<&SecretString>,
) -> anyhow::Result<ProbeResult> {
    let samples = &profile::of(provider).samples;
    let request = match secret {
        None => {
            client.post(url.clone()).header("content-type", "application/json").body(samples.probe)
        }
        Some(secret) => {
            let sample = (samples.request)(secret, samples.probe.into(), OffsetDateTime::now_utc())
                .context("no webhook secret is configured")?;
            let mut url = url.clone();
            url.set_query(Some(sample.query.as_str()).filter(|query| !query.is_empty()));
            let request = client.request(sample.method, url).body(sample.body);
            sample
                .headers
                .into_iter()
                .fold(request, |request, (name, value)| request.header(name, value))
        }
    };
    let began = Instant::now();
    let answered = async {
        let response = request.send().await?;
        Ok((response.status().as_u16(), http::body(response, ANSWER_LIMIT).await?))
    };
    Ok(match answered.await {
        Ok((status, body)) => {
            let body = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
            ProbeResult::Answered { status, body, after: began.elapsed() }
        }
        Err(error) => ProbeResult::NoAnswer(reason(&error)),
    })
}

/// The error's own text is not used: it repeats the URL, whose query may hold a secret.
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
fn classify(probe: &str, result: &ProbeResult, log_hint: &str) -> Finding {
    let (status, after) = match result {
        ProbeResult::NoAnswer(reason) => {
            let detail = format!("{probe}: {reason}");
            return Finding::error(detail, format!("start the webhook endpoint; {log_hint}"));
        }
        ProbeResult::Answered { status, after, .. } => (*status, *after),
    };
    let millis = after.as_millis();
    let answered = format!("{probe}: {status} in {millis} ms");
    match status {
        200 if is_from_certhooks(result) => duration(answered, after),
        200..=299 => Finding::error(
            format!("{answered}, but not from Certhooks: another server answers at this address"),
            "route this path to Certhooks",
        ),
        300..=399 => Finding::error(
            format!("{answered}: a redirect, which providers do not follow"),
            "give the provider the address that it redirects to",
        ),
        401 => Finding::error(
            format!("{answered}: the endpoint has another secret than this installation"),
            "use the secret of that endpoint: --state with its folder, or the variable of the secret",
        ),
        403 => Finding::warning(
            format!("{answered}: the source address, which is this machine's, is not allowed"),
            "nothing, if only the provider's addresses are to be allowed; else correct SOURCE_IP_ALLOWLIST",
        ),
        404 | 405 => Finding::error(
            format!("{answered}: no webhook endpoint at this address"),
            "let the URL end with the route of the provider, such as /webhooks/digicert",
        ),
        429 => Finding::warning(format!("{answered}: throttled"), "try again later"),
        503 => Finding::error(
            format!("{answered}: the endpoint cannot read its secret or reach its queue"),
            log_hint,
        ),
        _ => Finding::error(answered, log_hint),
    }
}

fn duration(answered: String, after: Duration) -> Finding {
    let limit = LIMIT.as_secs();
    if after > SLOW {
        let detail = format!("{answered}, near the limit of {limit} s");
        Finding::warning(detail, "give the function more memory, or reduce the latency to it")
    } else {
        Finding::ok(format!("{answered} (limit {limit} s)"))
    }
}

/// Certhooks answers a request without an event with `"accepted": 0`.
fn is_from_certhooks(result: &ProbeResult) -> bool {
    matches!(result, ProbeResult::Answered { body, .. } if body["accepted"] == 0)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    fn detail(result: &ProbeResult) -> String {
        classify("test event", result, "see the log").detail
    }

    #[test]
    fn an_answer_near_the_limit_is_a_warning() {
        let after = Duration::from_millis(6000);
        let slow =
            ProbeResult::Answered { status: 200, body: json!({"accepted": 0, "ids": []}), after };
        assert_eq!(detail(&slow), "test event: 200 in 6000 ms, near the limit of 10 s");
    }

    /// The listener accepts connections and says nothing. The time of the test advances by itself.
    #[tokio::test(start_paused = true)]
    async fn no_answer_within_the_limit_is_an_error() {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let client = http::client(LIMIT, &url).unwrap();
        let result = probe(&client, Provider::DIGICERT, &url, None).await.unwrap();
        assert_eq!(detail(&result), "test event: no answer within 10 s");
    }
}
