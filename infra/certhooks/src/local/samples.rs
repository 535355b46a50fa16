use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use embedded::LocalSecrets;
use processing::http;
use providers::profile;
use reqwest::Url;
use time::OffsetDateTime;

use crate::local::progress_log::{ProgressLog, heading};
use crate::local::providers::Providers;
use crate::output::say;
use crate::send::{Sample, Sender, TIMEOUT};

/// A file in the state folder that marks the samples as sent.
const SENT: &str = "samples-sent";

/// Sends the sample events to the webhook endpoints once for a state folder, then prints commands that
/// send more.
pub(crate) struct Samples<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) address: SocketAddr,
    pub(crate) state: &'a Path,
    pub(crate) providers: &'a Providers,
}

impl Samples<'_> {
    pub(crate) async fn run(
        self,
        secrets: &LocalSecrets,
        progress: &ProgressLog,
    ) -> anyhow::Result<()> {
        let to = Url::parse(&format!("http://{}", self.address))?;
        say!("Webhook endpoints at {to}, state in {}", self.state.display());
        if let Some(simulation) = &self.providers.simulation {
            let names = self.providers.simulated().join(", ");
            say!("Simulated: {names}, at http://{}\n", simulation.address);
        }
        say!("{}", heading());
        let sent = self.state.join(SENT);
        if sent.exists() {
            say!("(the samples were already sent; remove {} to send them again)", sent.display());
        } else {
            self.send(secrets, &to).await?;
            progress.wait_until_idle(TIMEOUT).await;
            std::fs::write(&sent, "").with_context(|| sent.display().to_string())?;
        }
        self.print_examples(secrets, &to).await
    }

    async fn send(&self, secrets: &LocalSecrets, to: &Url) -> anyhow::Result<()> {
        let client = http::client(TIMEOUT, to)?;
        for file in event_files(self.folder)? {
            let sample = Sample::read(&file, None, secrets).await?;
            sample.send(&client, to, 0).await?;
        }
        Ok(())
    }

    /// Prints a command for each provider, with an event that was not sent yet.
    async fn print_examples(&self, secrets: &LocalSecrets, to: &Url) -> anyhow::Result<()> {
        say!("\nSend more events from a second terminal; each command sends a new one:\n");
        let number = OffsetDateTime::now_utc().unix_timestamp();
        for profile in profile::ALL {
            let sender = Sender::of(secrets, profile.provider).await?;
            let body = (profile.samples.event)(number.unsigned_abs());
            let request = sender.request(body.clone().into_bytes())?;
            let address = sender.address(to, &request.query);
            let headers =
                request.headers.iter().map(|(name, value)| format!("-H '{name}: {value}'"));
            let headers = headers.collect::<Vec<_>>().join(" ");
            let body = if body.is_empty() { String::new() } else { format!(" -d '{body}'") };
            say!("  curl -X {} {headers}{body} {address}\n", request.method);
        }
        let program = std::env::args().next().unwrap_or_else(|| "certhooks".into());
        let state = self.state.display();
        say!("Show what consumers receive, and the token of a challenge:\n");
        say!("  {program} tail --state {state} --from-start");
        say!("  {program} digicert webhook challenge --state {state}");
        say!("\nCtrl-C stops; the next start continues where this one ended.");
        Ok(())
    }
}

/// The event files below a folder, provider by provider. Its folder `lambda/` is left out: it holds the
/// same events as requests of API Gateway.
fn event_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for profile in profile::ALL {
        let folder = folder.join(profile.name);
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("{}: cannot read the sample events", folder.display()))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}
