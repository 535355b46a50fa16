//! `make model-check` runs this: every scenario, with up to `MODEL_CHECK_FAULTS` faults (2 if unset).
//!
//! It writes a row for each scenario, for the table of `make chaos`, to the file that
//! `MODEL_CHECK_ROWS` names. The row counts explored states as events, and lost answers and refusals as
//! faults.

use std::env::{self, VarError};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use model_check::{Bounds, SCENARIOS, Search, Statistics, machine};
use serde_json::{Value, json};

fn main() -> Result<ExitCode> {
    let faults = match env::var("MODEL_CHECK_FAULTS") {
        Ok(text) => text.parse().context("MODEL_CHECK_FAULTS must be a number from 0 to 255")?,
        Err(VarError::NotPresent) => 2,
        Err(error) => return Err(error).context("MODEL_CHECK_FAULTS"),
    };
    let mut rows = Vec::new();
    for (name, bounds) in SCENARIOS {
        let bounds = Bounds { faults, ..bounds };
        match Search::new(&machine(), bounds, None).run() {
            Ok(statistics) => {
                println!("{name} ({bounds:?}): {statistics}");
                // Up to two faults never use up the five receives of a message.
                ensure!(
                    faults > 2 || statistics.dead_letters == 0,
                    "{name}: there are dead letters"
                );
                rows.push(row(name, faults, &statistics));
            }
            Err(violation) => {
                eprintln!("model-check: {name}: {violation:#?}");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    if let Some(file) = env::var_os("MODEL_CHECK_ROWS") {
        std::fs::write(&file, json!(rows).to_string()).context("MODEL_CHECK_ROWS")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, faults: u8, statistics: &Statistics) -> Value {
    json!({
        "scenario": format!("model check: {name} (states for events)"),
        "faults": statistics.faults,
        "kills": statistics.crashes,
        "events": statistics.states,
        "repeated": statistics.repeats,
        "seconds": statistics.seconds as u64,
        "measured": {"explored": statistics.to_string(), "maximum faults per execution": faults},
    })
}
