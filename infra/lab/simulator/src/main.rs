//! `certhooks-simulator` runs the simulated providers until SIGINT or SIGTERM.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use clap::Parser;
use providers::profile;
use serde_json::json;
use simulator::{Settings, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// Simulated APIs of all providers, with faults
///
/// The expected API keys are those in SIMULATOR_ and the variable of the provider's API key, such as
/// SIMULATOR_ACME_API_KEY; where one is unset, any key is accepted. Set faults with PUT
/// /_simulator/faults, and send events with POST /_simulator/acme/events.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Loopback address to listen on; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Print the base URLs as JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut settings = Settings::default();
    for profile in profile::ALL {
        let variable = format!("SIMULATOR_{}", profile.api.secret.variable);
        if let Some(key) = std::env::var_os(&variable) {
            let key = key.into_string().ok().filter(|key| !key.is_empty());
            let key = key.with_context(|| {
                format!("{variable} is empty or not UTF-8: unset it to accept any key")
            })?;
            settings.expect_key(profile.provider.as_str(), key.into());
        }
    }
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let simulator = Simulator::start(arguments.listen, settings).await?;
    println!("{}", bases(&simulator, arguments.json));
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    simulator.stop().await;
    Ok(())
}

fn bases(simulator: &Simulator, as_json: bool) -> String {
    if as_json {
        let bases: BTreeMap<_, _> = simulator.bases().collect();
        return json!(bases).to_string();
    }
    let bases = simulator.bases().map(|(name, base)| format!("{name} {base}"));
    bases.collect::<Vec<_>>().join("  ")
}
