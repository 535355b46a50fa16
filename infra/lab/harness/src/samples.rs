use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use providers::profile;
use serde_json::Value;
use time::OffsetDateTime;

use crate::emulator::Emulator;
use crate::function::Function;
use crate::runtime_api::InvocationResult;

const SECRET: &str = "certhooks/webhook";
/// Stands in a file for what the provider would send now, since no file can hold a signature that is valid for some
/// minutes: before the name of a header for its value, and before the document for the body.
const SIGNED: &str = "SIGNED ";

/// The files of `events/lambda` that are no samples.
const TABLES: [&str; 2] = ["expected.json", "secrets.json"];

/// The effects of a webhook function that was invoked with all its samples of `events/lambda`.
pub struct SampleRun {
    /// The messages on the events queue, with attributes.
    pub messages: Vec<Value>,
    /// The ids in its responses, in order.
    pub acknowledged: Vec<String>,
    pub stdout: String,
    pub stderr: String,
}

/// Starts a webhook function with the secret of its samples, invokes it with all of them in order, twice, so
/// that valid ones follow those that cannot be decoded, and compares each result with
/// `expected.json`.
pub async fn check_samples(binary: &str, function: &str) -> Result<SampleRun> {
    let secret = sample_secret(function)?;
    let emulator = Emulator::start().await?;
    let queue_url = emulator.create_queue("events").await?;
    emulator.create_secret(SECRET, &secret).await?;
    let mut variables = emulator.environment();
    variables.push(("EVENTS_QUEUE_URL".to_owned(), queue_url.clone()));
    variables.push(("WEBHOOK_SECRET_ID".to_owned(), SECRET.to_owned()));

    let samples = samples(function)?;
    ensure!(!samples.is_empty(), "no sample is for {function}");
    let mut running = Function::start(binary, &variables).await?;
    let mut acknowledged = Vec::new();
    for (name, (event, expected)) in samples.iter().chain(&samples) {
        let event = signed(event, function, &secret).context(name.clone())?;
        let result = running.invoke(event).await.context(name.clone())?;
        acknowledged
            .extend(compare(&result, expected).with_context(|| format!("{name}: {result:?}"))?);
    }
    let (stdout, stderr) = running.stop().await?;
    Ok(SampleRun {
        messages: emulator.receive_all(&queue_url).await?,
        acknowledged,
        stdout,
        stderr,
    })
}

/// The event with what stands for a header's value or the body replaced.
///
/// # Errors
/// `function` is no webhook function, or the secret is not one of its provider.
pub fn signed(event: &str, function: &str, secret: &str) -> Result<String> {
    if !event.contains(SIGNED) {
        return Ok(event.to_owned());
    }
    let row = profile::ALL.iter().find(|row| function.strip_suffix("-webhook") == Some(row.name));
    let row = row.with_context(|| format!("{function} is no webhook function"))?;
    let parsed: Value = serde_json::from_str(event)?;
    let body = parsed["body"].as_str().unwrap_or_default();
    let document = body.strip_prefix(SIGNED).unwrap_or(body).as_bytes();
    let is_base64 = parsed["isBase64Encoded"] == true;
    let document = if is_base64 { BASE64.decode(document)? } else { document.to_vec() };
    let request = (row.samples.request)(&secret.into(), document, OffsetDateTime::now_utc())?;
    let replace = |event: String, (name, value): &(&str, String)| {
        event.replace(&format!("{SIGNED}{name}"), value)
    };
    let signed = request.headers.iter().fold(event.to_owned(), replace);
    if !body.starts_with(SIGNED) {
        return Ok(signed);
    }
    let mut signed: Value = serde_json::from_str(&signed)?;
    signed["body"] = String::from_utf8(request.body)?.into();
    signed["isBase64Encoded"] = false.into();
    Ok(signed.to_string())
}

/// The events for `function` and their expected results, by file name. A file without an expected
/// result is an error, and so is an expected result without a file.
fn samples(function: &str) -> Result<BTreeMap<String, (String, Value)>> {
    let folder = folder();
    let expected = std::fs::read_to_string(folder.join("expected.json"))?;
    let expected: BTreeMap<String, Value> = serde_json::from_str(&expected)?;
    for file in std::fs::read_dir(&folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        let is_sample = name.ends_with(".json") && !TABLES.contains(&&*name);
        ensure!(
            !is_sample || expected.contains_key(&name),
            "events/lambda/{name} is not in expected.json"
        );
    }
    let selected = expected.into_iter().filter(|(_, expected)| expected["function"] == function);
    selected
        .map(|(name, expected)| {
            let event =
                std::fs::read_to_string(folder.join(&name)).with_context(|| name.clone())?;
            Ok((name, (event, expected)))
        })
        .collect()
}

/// The expected result of a file of `events/lambda`.
pub fn expected(name: &str) -> Result<Value> {
    let mut all: Value = serde_json::from_str(&sample("expected.json")?)?;
    Ok(all[name].take())
}

/// The webhook secret with which the samples for a function are made, as it is stored.
pub fn sample_secret(function: &str) -> Result<String> {
    let all: Value = serde_json::from_str(&sample("secrets.json")?)?;
    let secret =
        all.get(function).with_context(|| format!("events/lambda/secrets.json: no {function}"))?;
    Ok(secret.to_string())
}

/// The content of a file of `events/lambda`.
pub fn sample(name: &str) -> Result<String> {
    std::fs::read_to_string(folder().join(name)).with_context(|| name.to_owned())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../events/lambda")
}

/// Compares a result with the expected one. Returns the ids in the response.
fn compare(result: &InvocationResult, expected: &Value) -> Result<Vec<String>> {
    let response = match result {
        InvocationResult::Error(error) => {
            ensure!(
                error["errorType"] == expected["error"],
                "another error was expected: {expected}"
            );
            return Ok(Vec::new());
        }
        InvocationResult::Response(response) => response,
    };
    ensure!(
        response["statusCode"] == expected["status"],
        "another status was expected: {expected}"
    );
    let body = response["body"].as_str().context("no body")?;
    if !expected["body"].is_null() {
        ensure!(body == expected["body"], "another body was expected: {expected}");
    }
    if expected["accepted"].is_null() {
        return Ok(Vec::new());
    }
    let body: Value = serde_json::from_str(body)?;
    ensure!(body["accepted"] == expected["accepted"], "another number was expected: {expected}");
    let ids = body["ids"].as_array().context("no ids")?;
    Ok(ids.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_made_when_a_sample_is_sent() {
        let literal = sample("meta-ct.rest.json").unwrap();
        let event: Value = serde_json::from_str(&literal).unwrap();
        let headers = event["headers"].as_object().unwrap();
        let (name, signature) =
            headers.iter().find(|(_, value)| value.as_str().unwrap().contains("sha256=")).unwrap();
        let name = name.to_lowercase();
        let open = literal.replace(signature.as_str().unwrap(), &format!("{SIGNED}{name}"));
        assert_ne!(open, literal);
        assert_eq!(signed(&open, "meta-ct-webhook", "sample-app-secret").unwrap(), literal);
        assert_ne!(signed(&open, "meta-ct-webhook", "another-app-secret").unwrap(), literal);
        assert!(signed(&open, "worker", "sample-app-secret").is_err());

        let mut open = event.clone();
        open["body"] = format!("{SIGNED}{}", event["body"].as_str().unwrap()).into();
        let complete = signed(&open.to_string(), "meta-ct-webhook", "sample-app-secret").unwrap();
        assert_eq!(serde_json::from_str::<Value>(&complete).unwrap(), event);
    }
}
