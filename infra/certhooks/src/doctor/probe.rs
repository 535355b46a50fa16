use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::Value;

use crate::client::is_loopback;
use crate::doctor::report::Finding;

/// "If DigiCert doesn't receive a status response code of 2XX from your service within 10 seconds of
/// sending an event, the request failed" (CertCentral webhooks, "Troubleshoot your webhook endpoint").
pub(crate) const LIMIT: Duration = Duration::from_secs(10);
/// An answer that took so long here may take the whole limit with a longer way or a colder start.
const SLOW: Duration = Duration::from_secs(5);

/// Sends what a provider would send.
pub(crate) struct Prober {
    /// To loopback addresses: never through a proxy.
    near: Client,
    far: Client,
}

/// How a door took a probe.
pub(crate) enum Taken {
    Answered {
        status: u16,
        /// `null` when it is no JSON.
        body: Value,
        text: String,
        after: Duration,
    },
    /// Why there was no answer, in words.
    Silent(String),
}

impl Prober {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub(crate) fn new() -> reqwest::Result<Self> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("certhooks-doctor/", env!("CARGO_PKG_VERSION")))
                // Providers follow none.
                .redirect(Policy::none())
                .timeout(LIMIT)
        };
        Ok(Self { near: builder().no_proxy().build()?, far: builder().build()? })
    }

    pub(crate) fn post(&self, url: &Url, body: impl Into<Vec<u8>>) -> RequestBuilder {
        let request = self.client(url).post(url.clone()).body(body.into());
        request.header("content-type", "application/json")
    }

    pub(crate) fn get(&self, url: &Url) -> RequestBuilder {
        self.client(url).get(url.clone())
    }

    fn client(&self, url: &Url) -> &Client {
        if is_loopback(url) { &self.near } else { &self.far }
    }
}

impl Taken {
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
            Err(error) => Self::Silent(silence(&error)),
        }
    }
}

/// The error's own text repeats the address, and Meta's would hold the verify token.
fn silence(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("no answer within {} s", LIMIT.as_secs())
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the connection ended before the answer".to_owned()
    }
}

/// What a door's answer to a probe says, where `probe` names it and `key` is where the secret came
/// from; a probe without a secret has none.
pub(crate) fn classify(check: &'static str, probe: &str, taken: &Taken, log: &str) -> Finding {
    let (status, after) = match taken {
        Taken::Silent(why) => {
            let detail = format!("{probe}: {why}");
            return Finding::wrong(check, detail, format!("start what serves it; {log}"));
        }
        Taken::Answered { status, after, .. } => (*status, *after),
    };
    let millis = after.as_millis();
    let answered = format!("{probe}: {status} in {millis} ms");
    match status {
        200 if is_ours(taken) => quick(check, answered, after),
        200..=299 => Finding::wrong(
            check,
            format!("{answered}, but not from Certhooks: something else answers at this address"),
            "route the path to Certhooks",
        ),
        300..=399 => Finding::wrong(
            check,
            format!("{answered}: a redirect, which providers do not follow"),
            "give the provider the address that it leads to",
        ),
        401 => Finding::wrong(
            check,
            format!("{answered}: the door takes another secret than the one used here"),
            "use the secret of that door: --state with its folder, or the variable of the secret",
        ),
        403 => Finding::warning(
            check,
            format!("{answered}: refused for its source address, which is this machine's"),
            "nothing, if only the provider's addresses may reach it; else SOURCE_IP_ALLOWLIST",
        ),
        404 | 405 => Finding::wrong(
            check,
            format!("{answered}: no door at this address"),
            "let the endpoint end with the path of the route, such as /webhooks/digicert",
        ),
        429 => Finding::warning(check, format!("{answered}: throttled"), "try again later"),
        503 => Finding::wrong(
            check,
            format!("{answered}: the door cannot read its secret or reach its queue"),
            log,
        ),
        _ => Finding::wrong(check, answered, log),
    }
}

fn quick(check: &'static str, answered: String, after: Duration) -> Finding {
    let limit = LIMIT.as_secs();
    if after > SLOW {
        let detail = format!("{answered}, near the limit of {limit} s");
        Finding::warning(check, detail, "more memory for the function, or a shorter way to it")
    } else {
        Finding::ok(check, format!("{answered} (limit {limit} s)"))
    }
}

/// A probe has no event in it.
fn is_ours(taken: &Taken) -> bool {
    matches!(taken, Taken::Answered { body, .. } if body["accepted"] == 0)
}
