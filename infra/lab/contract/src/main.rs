//! Writes or checks the contract of the deliveries queue (`make schema`, `make check`).

use anyhow::{Result, bail};
use contract::{Drift, Files, repository};

#[tokio::main]
async fn main() -> Result<()> {
    let files = Files::new(repository());
    match std::env::args().nth(1).as_deref() {
        Some("write") => files.write().await,
        Some("release") => files.release(),
        Some("check") => report(&files.check().await?),
        _ => bail!("usage: contract write | check | release"),
    }
}

fn report(drift: &Drift) -> Result<()> {
    for line in drift.notes.iter().chain(&drift.faults) {
        eprintln!("{line}");
    }
    if !drift.faults.is_empty() {
        bail!("the contract has {} faults", drift.faults.len());
    }
    Ok(())
}
