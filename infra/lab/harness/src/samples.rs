use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::emulator::Emulator;
use crate::function::Function;
use crate::runtime_api::InvocationResult;

const SECRET: &str = "certhooks/webhook";

/// The effects of a webhook function that was invoked with all its samples of `events/lambda`.
pub struct SampleRun {
    /// The messages on the events queue, with attributes.
    pub messages: Vec<Value>,
    /// The ids in its responses, in order.
    pub acknowledged: Vec<String>,
    pub stdout: String,
    pub stderr: String,
}

/// Starts a webhook function with `secret`, invokes it with all its samples in order, twice, so
/// that valid ones follow those that cannot be decoded, and compares each result with
/// `expected.json`.
pub async fn check_samples(binary: &str, function: &str, secret: &str) -> Result<SampleRun> {
    let emulator = Emulator::start().await?;
    let queue_url = emulator.create_queue("events").await?;
    emulator.create_secret(SECRET, secret).await?;
    let mut variables = emulator.environment();
    variables.push(("EVENTS_QUEUE_URL".to_owned(), queue_url.clone()));
    variables.push(("WEBHOOK_SECRET_ID".to_owned(), SECRET.to_owned()));

    let samples = samples(function)?;
    ensure!(!samples.is_empty(), "no sample is for {function}");
    let mut running = Function::start(binary, &variables).await?;
    let mut acknowledged = Vec::new();
    for (name, (event, expected)) in samples.iter().chain(&samples) {
        let result = running.invoke(event.clone()).await.context(name.clone())?;
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

/// The events for `function` and their expected results, by file name. A file without an expected
/// result is an error, and so is an expected result without a file.
fn samples(function: &str) -> Result<BTreeMap<String, (String, Value)>> {
    let folder = folder();
    let expected = std::fs::read_to_string(folder.join("expected.json"))?;
    let expected: BTreeMap<String, Value> = serde_json::from_str(&expected)?;
    for file in std::fs::read_dir(&folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        let is_sample = name.ends_with(".json") && name != "expected.json";
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
