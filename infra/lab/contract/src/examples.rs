use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::json::{Json, quoted};

/// A message of the deliveries queue as it really came, and its name.
#[derive(Clone)]
pub struct Example {
    pub name: String,
    /// JSON with its members in order.
    pub text: String,
}

impl Example {
    pub(crate) fn new(name: impl Into<String>, body: &str) -> Result<Self> {
        let json: Json = serde_json::from_str(body)?;
        Ok(Self { name: name.into(), text: json.pretty() + "\n" })
    }

    /// Those of a folder, by name.
    pub(crate) fn read(folder: &Path) -> Result<Vec<Self>> {
        let mut examples = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry?.path();
            let name =
                path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            examples.push(Self { name, text });
        }
        examples.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(examples)
    }

    pub(crate) fn json(&self) -> Result<Json> {
        serde_json::from_str(&self.text).with_context(|| format!("the example {}", self.name))
    }

    pub fn value(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("the example {}", self.name))
    }

    /// Whether another delivery of the same event would look like this one, but for what differs in each run: times,
    /// keys and what is derived from them.
    pub(crate) fn is_like(&self, other: &Self) -> Result<bool> {
        Ok(masked(self.json()?) == masked(other.json()?))
    }
}

fn masked(mut json: Json) -> Json {
    json.replace("size", &|value| *value = Json::Scalar("0".to_owned()));
    // A random number may have a leading zero octet less, and its key the same.
    json.replace("serial_number", &|value| {
        if *value != Json::Scalar("null".to_owned()) {
            *value = Json::Scalar(quoted("SERIAL"));
        }
    });
    json.each_text(&|text| {
        if text.starts_with("-----BEGIN") {
            return "PEM".to_owned();
        }
        let is_random = |run: &str| run.len() >= 16 || run.contains(|c: char| c.is_ascii_digit());
        let separators = |c: char| !c.is_ascii_alphanumeric();
        let runs = text.split_inclusive(separators).map(|run| {
            let word = run.trim_end_matches(separators);
            if is_random(word) { run.replacen(word, "#", 1) } else { run.to_owned() }
        });
        runs.collect()
    });
    json
}
