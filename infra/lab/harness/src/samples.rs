use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::emulator::Emulator;
use crate::runtime::Function;
use crate::runtime_api::Answer;

const SECRET: &str = "certhooks/webhook";

/// What a webhook function left behind after all samples of `events/lambda` that are for it.
pub struct Behind {
    /// On the events queue, with attributes.
    pub messages: Vec<Value>,
    /// The ids that it acknowledged, in order.
    pub acknowledged: Vec<String>,
    pub stdout: String,
    pub stderr: String,
}

/// Starts a webhook function with `secret`, hands it every sample twice, one after the other, so that
/// what cannot be decoded has good ones after it, and compares each answer with `expected.json`.
/// `None` without an emulator.
pub async fn check_samples(binary: &str, function: &str, secret: &str) -> Result<Option<Behind>> {
    let Some(emulator) = Emulator::start().await? else { return Ok(None) };
    let queue_url = emulator.queue("events").await?;
    emulator.secret(SECRET, secret).await?;
    let mut variables = emulator.environment();
    variables.push(("EVENTS_QUEUE_URL".to_owned(), queue_url.clone()));
    variables.push(("WEBHOOK_SECRET_ID".to_owned(), SECRET.to_owned()));

    let samples = samples(function)?;
    ensure!(!samples.is_empty(), "no sample is for {function}");
    let mut running = Function::start(binary, &variables).await?;
    let mut acknowledged = Vec::new();
    for (name, (event, expected)) in samples.iter().chain(&samples) {
        let answer = running.invoke(event.clone()).await.context(name.clone())?;
        acknowledged
            .extend(compare(&answer, expected).with_context(|| format!("{name}: {answer:?}"))?);
    }
    let (stdout, stderr) = running.stop().await?;
    Ok(Some(Behind {
        messages: emulator.messages(&queue_url).await?,
        acknowledged,
        stdout,
        stderr,
    }))
}

/// The events for `function` and what must come of them, by file name. A file without an expectation
/// is an error, and so is an expectation without a file.
fn samples(function: &str) -> Result<BTreeMap<String, (String, Value)>> {
    let folder = folder();
    let expected = std::fs::read_to_string(folder.join("expected.json"))?;
    let expected: BTreeMap<String, Value> = serde_json::from_str(&expected)?;
    for file in std::fs::read_dir(&folder)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        let is_sample = name.ends_with(".json") && name != "expected.json";
        ensure!(
            !is_sample || expected.contains_key(&name),
            "events/lambda/{name} has no expectation"
        );
    }
    let ours = expected.into_iter().filter(|(_, expected)| expected["function"] == function);
    ours.map(|(name, expected)| {
        let event = std::fs::read_to_string(folder.join(&name)).with_context(|| name.clone())?;
        Ok((name, (event, expected)))
    })
    .collect()
}

/// What must come of a file of `events/lambda`.
pub fn expected(name: &str) -> Result<Value> {
    let mut all: Value = serde_json::from_str(&sample("expected.json")?)?;
    Ok(all[name].take())
}

/// A file of `events/lambda` as text.
pub fn sample(name: &str) -> Result<String> {
    std::fs::read_to_string(folder().join(name)).with_context(|| name.to_owned())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../events/lambda")
}

/// The ids that were acknowledged.
fn compare(answer: &Answer, expected: &Value) -> Result<Vec<String>> {
    let response = match answer {
        Answer::Error(error) => {
            ensure!(
                error["errorType"] == expected["error"],
                "another error was expected: {expected}"
            );
            return Ok(Vec::new());
        }
        Answer::Response(response) => response,
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
