//! `torture`: every scenario at length, and the table that `make torture` prints.
//!
//! - [`cli`]: what may be asked for
//! - [`scenarios`]: what there is, and what it needs

mod cli;
mod scenarios;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use torture::random::seed;
use torture::report::{self, Row};

use crate::cli::Arguments;
use crate::scenarios::{Programs, SCENARIOS, run};

const COMMAND: &str = "make torture";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = seed()?;
    // A second call finds the first one's and is no error.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    eprintln!("TORTURE_SEED={seed}");
    let programs = Programs::find(arguments.programs.as_deref())?;
    let mut rows = Vec::new();
    for name in SCENARIOS.into_iter().filter(|name| name.contains(&arguments.only)) {
        eprintln!("{name} ...");
        match run(name, &programs, &arguments, seed).await.context(name)? {
            Some(row) => rows.push(row),
            None => eprintln!("=== {name}: NOT RUN, see above ==="),
        }
    }
    for file in &arguments.rows {
        rows.extend(report::read(file)?);
    }
    if let Some(folder) = &arguments.write {
        report::write(&rows, COMMAND, folder)?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print!("{}", report::markdown(&rows, COMMAND));
    }
    let all_good = !rows.is_empty() && rows.iter().all(Row::is_good);
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
