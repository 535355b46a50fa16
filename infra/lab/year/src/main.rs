//! `make year` runs this: a simulated year, and the table of what became of it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use harness::Folder;
use year::{Scale, run};

/// Run a year of certificates in minutes, with rogue certificates and stuck renewals to be found
///
/// Exits with 1 if a promise was not kept.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    scale: Scale,
    /// The compiled certhooks; beside this program if unset
    #[arg(long, value_name = "FILE")]
    certhooks: Option<PathBuf>,
    /// File to write the table to
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Arguments { scale, certhooks, write } = Arguments::parse();
    let beside = || Some(std::env::current_exe().ok()?.with_file_name("certhooks"));
    let certhooks = certhooks.or_else(beside).context("this program has no folder")?;
    let folder = Folder::new()?;
    let results = run(&scale, folder.path(), &certhooks).await?;
    print!("{}", results.text);
    if let Some(file) = write {
        std::fs::write(&file, &results.text).with_context(|| file.display().to_string())?;
    }
    Ok(if results.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
