use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use envelope::{EventType, Provider};
use serde_json::Value;

use crate::asyncapi;
use crate::examples::Example;
use crate::json::{Json, quoted};
use crate::schema;
use crate::tables;

/// The prose of the page. A line `{{NAME}}` stands for a part that is made here.
const TEMPLATE: &str = include_str!("contract.md");

/// The definitions of the schema that are objects, and those that are sets of words.
const OBJECTS: [&str; 11] = [
    "Identifiers",
    "Callback",
    "Certificate",
    "Names",
    "Checks",
    "Check",
    "Dcv",
    "DcvRecord",
    "Correlation",
    "Issuance",
    "Offloaded",
];
const WORDS: [&str; 7] =
    ["Provider", "Outcome", "Reason", "Verdict", "CheckResult", "Code", "Rule"];

/// The cases that an example shows beside the types, and what each shows.
const CASES: [(&str, &str, &str); 10] = [
    (
        "case.failed",
        "A call-back that failed",
        "CertCentral still does not know the certificate ten minutes after the event.",
    ),
    (
        "case.again",
        "A repeat",
        "CertCentral sent the same event again after that one, and this time the chain was there. `causationid` is the first id.",
    ),
    (
        "case.included",
        "A chain that came with the event",
        "CertCentral could not be asked about it for an hour, so that the event's own chain is delivered, unconfirmed.",
    ),
    (
        "case.conflict",
        "A conflict",
        "The event came again with another chain, and CertCentral's own record confirms this one. What was delivered as `causationid` was wrong.",
    ),
    ("case.replayed", "A replay", "The operator replayed the event from the archive."),
    (
        "case.reconciled",
        "A reconciled event",
        "The reconciler found the event in CertCentral's records: no webhook brought it.",
    ),
    ("case.stale", "A stale event", "The revocation of the certificate was processed before."),
    (
        "case.disabled",
        "No API key",
        "No API key is configured for the provider, so that the ids are all there is.",
    ),
    ("case.gone", "Gone", "The custom hostname no longer exists at Cloudflare."),
    (
        "case.offloaded",
        "An offloaded member",
        "The payload is larger than a queue takes, and is in the archive.",
    ),
];

/// The documentation page of the contract.
///
/// # Errors
/// A type or case has no example.
pub(crate) fn page(examples: &[Example]) -> Result<String> {
    let message = schema::message();
    let data = schema::data();
    let mut page = String::new();
    for line in TEMPLATE.lines() {
        let part = line.strip_prefix("{{").and_then(|line| line.strip_suffix("}}"));
        match part {
            None => writeln!(page, "{line}")?,
            Some(name) => page.push_str(&part_of(name, &message, &data, examples)?),
        }
    }
    Ok(page)
}

fn part_of(name: &str, message: &Value, data: &Value, examples: &[Example]) -> Result<String> {
    Ok(match name {
        "attributes" => {
            let document = asyncapi::document();
            tables::members(&document["components"]["messages"]["certificateEvent"]["headers"])
        }
        "message" => tables::members(message),
        "data" => tables::members(data),
        "objects" => sections(data, &OBJECTS, tables::members),
        "words" => sections(data, &WORDS, tables::words),
        "checks" => tables::checks(),
        "types" => tables::types(&message["$defs"]["EventType"], examples)?,
        "providers" => providers(data),
        "whole" => block(find(examples, "certificate.issued.digicert")?, false)?,
        "examples" => of_types(examples)?,
        "cases" => of_cases(examples)?,
        _ => anyhow::bail!("contract.md: `{name}` is no part of the page"),
    })
}

fn sections(data: &Value, names: &[&str], table: fn(&Value) -> String) -> String {
    let section = |name: &&str| {
        let schema = &data["$defs"][*name];
        let about = schema["description"].as_str().unwrap_or_default();
        format!("### {name}\n\n{about}\n\n{}\n", table(schema))
    };
    names.iter().map(section).collect::<String>().trim_end().to_owned() + "\n"
}

fn providers(data: &Value) -> String {
    let mut table = String::from("| provider | never comes |\n| --- | --- |\n");
    for provider in Provider::ALL {
        let never = tables::never(data, provider.as_str());
        let _ = writeln!(table, "| {} | {never} |", provider.title());
    }
    table
}

fn of_types(examples: &[Example]) -> Result<String> {
    let mut text = String::new();
    for kind in EventType::ALL {
        let mut shown = 0;
        writeln!(text, "### {kind}\n")?;
        for example in examples {
            if tables::is_of(example, &example.value()?, *kind) {
                writeln!(text, "{}", block(example, true)?)?;
                shown += 1;
            }
        }
        ensure!(shown > 0, "{kind} has no example: add a sample to events/, and run `make schema`");
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn of_cases(examples: &[Example]) -> Result<String> {
    let mut text = String::new();
    for (name, title, about) in CASES {
        writeln!(text, "### {title}\n\n{about}\n\n{}", block(find(examples, name)?, true)?)?;
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn find<'a>(examples: &'a [Example], name: &str) -> Result<&'a Example> {
    let example = examples.iter().find(|example| example.name == name);
    example.with_context(|| {
        format!("events/schema/examples/{name}.json is missing: run `make schema`")
    })
}

/// An example as a block of the page. PEM is shortened, and where it `is_short` the checks are.
fn block(example: &Example, is_short: bool) -> Result<String> {
    let mut json = example.json()?;
    json.each_text(&|text| match text.split_once('\n') {
        Some((first, _)) if first.starts_with("-----BEGIN") => format!("{first}\n…"),
        _ => text.to_owned(),
    });
    if is_short {
        json.replace("checks", &shorten_checks);
    }
    Ok(format!("```json\n{}\n```\n", json.pretty()))
}

/// Leaves the result and the code of each check.
fn shorten_checks(checks: &mut Json) {
    let Json::Object(checks) = checks else { return };
    let is_same =
        checks.iter().all(|(_, check)| checks.first().is_some_and(|(_, first)| first == check));
    for (_, check) in checks.iter_mut() {
        if let Json::Object(members) = check {
            for (_, detail) in members.iter_mut().filter(|(name, _)| name == "detail") {
                *detail = Json::Scalar(quoted("…"));
            }
        }
    }
    // Where nothing was checked, one check says it all.
    if is_same {
        checks.truncate(1);
        checks.push(("…".to_owned(), Json::Scalar(quoted("all the same"))));
    }
}
