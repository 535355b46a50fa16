use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use envelope::{Envelope, Provider};
use harness::{Emulator, InvocationResult, sample};
use providers::profile;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::planted_secrets::{header, webhook_secret};
use crate::sqs::functions::Functions;
use crate::sqs::process_under_test::{Invocation, ProcessUnderTest};
use crate::sqs::proxy::Proxy;
use crate::sqs::request::Caller;
use harness::SecretScanner;

/// How often a provider sends an event that is not answered with 200.
const MAX_SENDS: u32 = 100;

/// Sends events: through the compiled webhook function of the provider, or straight onto the queue if there
/// is none.
pub(crate) struct WebhookFunctions {
    functions: Vec<(Provider, ProcessUnderTest)>,
    /// The ids of acknowledged events.
    pub(crate) accepted: BTreeSet<String>,
    /// The number of secrets found in responses.
    leaked: u64,
    scanner: SecretScanner,
}

impl WebhookFunctions {
    pub(crate) fn new(
        functions: &Functions,
        variables: &[(String, String)],
        scanner: &SecretScanner,
    ) -> Self {
        let functions = functions.webhooks.iter().map(|(provider, binary)| {
            let mut variables = variables.to_vec();
            let secret = format!("{}-webhook", profile::of(*provider).name);
            variables.push(("WEBHOOK_SECRET_ID".to_owned(), secret));
            (*provider, ProcessUnderTest::new(Caller::Webhook, binary, variables, scanner.clone()))
        });
        Self {
            functions: functions.collect(),
            accepted: BTreeSet::new(),
            leaked: 0,
            scanner: scanner.clone(),
        }
    }

    pub(crate) fn kills(&self) -> u64 {
        self.functions.iter().map(|(_, function)| function.kills).sum()
    }

    /// Sends `document` as its provider does, until it is acknowledged with 200. Returns its ids.
    pub(crate) async fn send(
        &mut self,
        (provider, document): (Provider, &Value),
        proxy: &Proxy,
        (emulator, events): (&Emulator, &str),
    ) -> Result<Vec<String>> {
        let body = document.to_string();
        let found = self.functions.iter_mut().find(|(known, _)| *known == provider);
        let Some((_, function)) = found else {
            let ids = put(provider, &body, emulator, events).await?;
            self.accepted.extend(ids.iter().cloned());
            return Ok(ids);
        };
        let event = request(provider, &body)?;
        for _ in 0..MAX_SENDS {
            let Invocation::Answered(InvocationResult::Response(response)) =
                function.invoke(event.clone(), proxy).await?
            else {
                continue;
            };
            self.leaked += self.scanner.count(&response.to_string());
            if response["statusCode"] == 200 {
                let answer: Value =
                    serde_json::from_str(response["body"].as_str().unwrap_or_default())?;
                let ids = answer["ids"].as_array().context("the 200 has no ids")?;
                let ids = ids.iter().filter_map(Value::as_str).map(str::to_owned);
                let ids: Vec<String> = ids.collect();
                self.accepted.extend(ids.iter().cloned());
                return Ok(ids);
            }
            ensure!(response["statusCode"] == 503, "neither 200 nor 503: {response}");
            ensure!(response["headers"]["retry-after"].is_string(), "no Retry-After: {response}");
        }
        bail!("the webhook function of {provider} did not accept an event in {MAX_SENDS} attempts");
    }

    /// Kills the functions. Returns the number of secrets found in their output and responses.
    pub(crate) fn stop(&mut self) -> Result<u64> {
        for (_, function) in &mut self.functions {
            function.kill()?;
        }
        Ok(self.leaked + self.functions.iter().map(|(_, function)| function.leaked).sum::<u64>())
    }
}

/// The event with which API Gateway invokes the function.
fn request(provider: Provider, body: &str) -> Result<String> {
    let mut event: Value = serde_json::from_str(&sample("digicert.rest.json")?)?;
    let path = profile::of(provider).route;
    let (name, value) = header(provider, body.as_bytes());
    for (member, all) in [("headers", false), ("multiValueHeaders", true)] {
        let headers = event[member].as_object_mut().context("the sample event has no headers")?;
        headers.remove("X-WEBHOOK-KEY");
        headers.insert(name.to_owned(), if all { json!([value]) } else { json!(value) });
    }
    event["resource"] = json!(path);
    event["path"] = json!(path);
    event["body"] = json!(body);
    Ok(event.to_string())
}

/// Puts the events onto the queue as the webhook function would. Returns their ids.
async fn put(
    provider: Provider,
    body: &str,
    emulator: &Emulator,
    events: &str,
) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for envelope in envelopes(provider, body)? {
        let message =
            json!({ "QueueUrl": events, "MessageBody": serde_json::to_string(&envelope)? });
        emulator.call("sqs", "AmazonSQS.SendMessage", message).await?;
        ids.push(envelope.id);
    }
    Ok(ids)
}

fn envelopes(provider: Provider, body: &str) -> Result<Vec<Envelope>> {
    let (profile, secret) = (profile::of(provider), webhook_secret(provider));
    let request = (profile.samples.request)(&secret, body.into())?;
    let events = (profile.receive)(&request.received(OffsetDateTime::now_utc()), &secret)?;
    Ok(events.into_iter().map(|event| event.envelope).collect())
}
