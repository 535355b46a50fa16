use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use envelope::{Envelope, Provider};
use harness::{Emulator, InvocationResult, sample};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::{Receipt, WebhookReceiver};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::planted_secrets::header;
use crate::sqs::proxy::Proxy;
use crate::sqs::stage::Functions;
use crate::sqs::victim::{Ended, Victim};
use crate::sqs::wire::Caller;
use harness::SecretScanner;

/// A provider sends again so often what is not answered with 200.
const SENDS: u32 = 100;

/// The way in: a compiled door where there is one.
pub(crate) struct Doors {
    compiled: Vec<(Provider, Victim)>,
    /// The ids that a door acknowledged.
    pub(crate) accepted: BTreeSet<String>,
    /// Secrets in an answer.
    leaked: u64,
    scanner: SecretScanner,
}

impl Doors {
    pub(crate) fn new(
        functions: &Functions,
        variables: &[(String, String)],
        scanner: &SecretScanner,
    ) -> Self {
        let compiled = functions.doors.iter().map(|(provider, binary)| {
            let mut variables = variables.to_vec();
            let secret = (route(*provider).to_owned()) + "-webhook";
            variables.push(("WEBHOOK_SECRET_ID".to_owned(), secret));
            (*provider, Victim::new(Caller::Door, binary, variables, scanner.clone()))
        });
        Self {
            compiled: compiled.collect(),
            accepted: BTreeSet::new(),
            leaked: 0,
            scanner: scanner.clone(),
        }
    }

    pub(crate) fn kills(&self) -> u64 {
        self.compiled.iter().map(|(_, victim)| victim.kills).sum()
    }

    /// Sends `document` as its provider would: again until a 200 says that it is taken. Its ids.
    pub(crate) async fn send(
        &mut self,
        (provider, document): (Provider, &Value),
        proxy: &Proxy,
        (emulator, events): (&Emulator, &str),
    ) -> Result<Vec<String>> {
        let body = document.to_string();
        let found = self.compiled.iter_mut().find(|(compiled, _)| *compiled == provider);
        let Some((_, door)) = found else {
            let ids = put(provider, &body, emulator, events).await?;
            self.accepted.extend(ids.iter().cloned());
            return Ok(ids);
        };
        let event = request(provider, &body)?;
        for _ in 0..SENDS {
            let Ended::Answered(InvocationResult::Response(response)) =
                door.invoke(event.clone(), proxy).await?
            else {
                continue;
            };
            self.leaked += self.scanner.count(&response.to_string());
            if response["statusCode"] == 200 {
                let answer: Value =
                    serde_json::from_str(response["body"].as_str().unwrap_or_default())?;
                let ids = answer["ids"].as_array().context("a 200 names no ids")?;
                let ids = ids.iter().filter_map(Value::as_str).map(str::to_owned);
                let ids: Vec<String> = ids.collect();
                self.accepted.extend(ids.iter().cloned());
                return Ok(ids);
            }
            ensure!(response["statusCode"] == 503, "neither 200 nor 503: {response}");
            ensure!(response["headers"]["retry-after"].is_string(), "no Retry-After: {response}");
        }
        bail!("the door of {provider} did not take an event in {SENDS} times");
    }

    /// Ends them; the secrets in what they wrote and answered.
    pub(crate) fn stop(&mut self) -> Result<u64> {
        for (_, door) in &mut self.compiled {
            door.kill()?;
        }
        Ok(self.leaked + self.compiled.iter().map(|(_, door)| door.leaked).sum::<u64>())
    }
}

fn route(provider: Provider) -> &'static str {
    match provider {
        Provider::Digicert => "digicert",
        Provider::Cloudflare => "cloudflare",
        Provider::Meta => "meta-ct",
    }
}

/// The event that API Gateway would hand in.
fn request(provider: Provider, body: &str) -> Result<String> {
    let mut event: Value = serde_json::from_str(&sample("digicert.rest.json")?)?;
    let path = format!("/webhooks/{}", route(provider));
    let (name, value) = header(provider, body.as_bytes());
    for (member, all) in [("headers", false), ("multiValueHeaders", true)] {
        let headers = event[member].as_object_mut().context("the sample has no headers")?;
        headers.remove("X-WEBHOOK-KEY");
        headers.insert(name.to_owned(), if all { json!([value]) } else { json!(value) });
    }
    event["resource"] = json!(path);
    event["path"] = json!(path);
    event["body"] = json!(body);
    Ok(event.to_string())
}

/// Onto the queue as the door would put it; the ids.
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
    let receipt = Receipt { at: OffsetDateTime::now_utc(), traceparent: None };
    let body = body.as_bytes();
    let events = match provider {
        Provider::Digicert => DigicertReceiver::events(body, &receipt)?,
        Provider::Cloudflare => CloudflareReceiver::events(body, &receipt)?,
        Provider::Meta => MetaReceiver::events(body, &receipt)?,
    };
    Ok(events.into_iter().map(|event| event.envelope).collect())
}
