//! `certhooks-simulator` runs the simulated providers until SIGINT or SIGTERM.

use std::collections::BTreeMap;
use std::env::{self, VarError};
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use clap::Parser;
use secrecy::SecretString;
use serde_json::json;
use simulator::{Settings, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// Simulated CertCentral, Cloudflare and Graph API, with faults
///
/// The expected API keys are those in SIMULATOR_DIGICERT_API_KEY, SIMULATOR_CLOUDFLARE_API_TOKEN and
/// SIMULATOR_META_ACCESS_TOKEN; where one is unset, any key is accepted. The key in
/// SIMULATOR_DIGICERT_VIEW_ONLY_KEY may only read. Set faults with PUT /_simulator/faults, and send
/// events with POST /_simulator/digicert/events and /_simulator/cloudflare/events.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Loopback address to listen on; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Respond at Graph as it has since 2026, when the product was retired
    #[arg(long)]
    retired: bool,
    /// Print the base URLs as JSON
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let settings = Settings {
        digicert_api_key: secret("SIMULATOR_DIGICERT_API_KEY")?,
        digicert_view_only_key: secret("SIMULATOR_DIGICERT_VIEW_ONLY_KEY")?,
        cloudflare_api_token: secret("SIMULATOR_CLOUDFLARE_API_TOKEN")?,
        meta_access_token: secret("SIMULATOR_META_ACCESS_TOKEN")?,
        retired: arguments.retired,
        ..Settings::default()
    };
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

fn secret(variable: &str) -> Result<Option<SecretString>> {
    match env::var(variable) {
        Ok(value) if value.is_empty() => bail!("{variable} is empty: unset it to accept any key"),
        Ok(value) => Ok(Some(value.into())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{variable} is not UTF-8"),
    }
}
