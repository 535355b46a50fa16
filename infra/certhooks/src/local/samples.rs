use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use embedded::{LocalSecrets, Reader};
use processing::http;
use providers::profile;
use reqwest::Url;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::local::providers::Providers;
use crate::output::say;
use crate::send::{Sample, Sender, TIMEOUT, report};
use crate::tail::Follower;

/// A file in the state folder that marks the samples as sent.
const SENT: &str = "samples-sent";
/// The pause between two looks at the queue.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends the sample events to the webhook endpoints once for a state folder, shows what is delivered,
/// and prints commands that send more.
pub(crate) struct Samples<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) address: SocketAddr,
    pub(crate) state: &'a Path,
    pub(crate) providers: &'a Providers,
    pub(crate) secrets: &'a LocalSecrets,
    pub(crate) reader: Reader,
}

impl Samples<'_> {
    /// Shows deliveries until it is dropped.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let to = Url::parse(&format!("http://{}", self.address))?;
        say!("Webhook endpoints at {to}, state in {}", self.state.display());
        if let Some(simulator) = self.providers.simulator {
            say!("All providers are simulated, at http://{simulator}\n");
        }
        let mut deliveries = Follower::of(self.reader.clone(), false).await?;
        let sent = self.state.join(SENT);
        if sent.exists() {
            say!("(the samples were sent before; they are sent again to a new state folder)");
        } else {
            self.send(&to).await?;
            say!("\nDelivered:\n");
            deliveries.show(false).await?;
            std::fs::write(&sent, "").with_context(|| sent.display().to_string())?;
        }
        self.print_examples(&to).await?;
        Ok(deliveries.follow(false).await?)
    }

    /// Sends one event after the other: a certificate is then issued before it is revoked, however slow the
    /// machine is.
    async fn send(&self, to: &Url) -> anyhow::Result<()> {
        let client = http::client(TIMEOUT, to)?;
        let until = Instant::now() + TIMEOUT;
        for file in event_files(self.folder)? {
            let sample = Sample::read(&file, None, self.secrets).await?;
            let answer = sample.send(&client, to, 0).await;
            ensure!(report(&file, &answer, false), "{}: not accepted", file.display());
            self.wait_until_idle(until).await?;
        }
        Ok(())
    }

    /// Waits until the events queue is empty, or an event takes too long.
    async fn wait_until_idle(&self, until: Instant) -> anyhow::Result<()> {
        while Instant::now() < until {
            let counts = self.reader.counts().await?;
            if counts.visible + counts.in_flight + counts.delayed == 0 {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Prints a command for each provider, with an event that was not sent yet.
    async fn print_examples(&self, to: &Url) -> anyhow::Result<()> {
        say!("\nSend more events from a second terminal; each command sends a new one:\n");
        let number = OffsetDateTime::now_utc().unix_timestamp();
        for profile in profile::ALL {
            let sender = Sender::of(self.secrets, profile.provider).await?;
            let event = (profile.samples.event)(number.unsigned_abs());
            let request = sender.request(event.into_bytes())?;
            let address = sender.address(to, &request.query);
            let headers =
                request.headers.iter().map(|(name, value)| format!("-H '{name}: {value}'"));
            let headers = headers.collect::<Vec<_>>().join(" ");
            let body = String::from_utf8(request.body)?;
            let body = if body.is_empty() { String::new() } else { format!(" -d '{body}'") };
            say!("  curl -X {} {headers}{body} {address}\n", request.method);
        }
        let program = std::env::args().next().unwrap_or_else(|| "certhooks".into());
        let state = self.state.display();
        say!("Show what consumers receive, and the token of a challenge:\n");
        say!("  {program} tail --state {state} --json --from-start");
        say!("  {program} digicert webhook challenge --state {state}");
        say!("\nCtrl-C stops; the next start continues where this one ended.\n");
        Ok(())
    }
}

/// The event files below a folder, provider by provider. Its folder `lambda/` is left out: it holds the
/// same events as requests of API Gateway.
pub(crate) fn event_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
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
