use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use simulator::{Settings, Simulator};

use crate::compare::{Comparison, compare};
use crate::latency::Latencies;
use crate::local::crash_point::Database;
use crate::local::folder::{Folder, leaks};
use crate::local::process::{Local, Log};
use crate::local::senders::Senders;
use crate::planted_secrets;
use crate::report::Row;
use harness::SecretScanner;

const PAUSE: Duration = Duration::from_millis(50);
/// A queue without progress for this long waits for a visibility timeout, which a restart ends.
const STALLED: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(900);

/// `certhooks local`, the simulated providers, and the senders.
pub(crate) struct Testbed {
    certhooks: PathBuf,
    pub(crate) simulator: Simulator,
    pub(crate) scanner: SecretScanner,
    pub(crate) senders: Arc<Senders>,
    local: Option<Local>,
    state: PathBuf,
    pub(crate) kills: u64,
    leaked: u64,
    pub(crate) latencies: Latencies,
    at: BTreeMap<String, u64>,
    pub(crate) peak_kib: u64,
    _folder: Folder,
}

impl Testbed {
    pub(crate) async fn start(certhooks: &Path, scanner: SecretScanner) -> Result<Self> {
        Self::start_in(certhooks, Folder::new()?, scanner).await
    }

    /// Starts with the state in `folder`.
    pub(crate) async fn start_in(
        certhooks: &Path,
        folder: Folder,
        scanner: SecretScanner,
    ) -> Result<Self> {
        let settings = Settings {
            digicert_api_key: Some(planted_secrets::DIGICERT_API_KEY.into()),
            cloudflare_api_token: Some(planted_secrets::CLOUDFLARE_API_TOKEN.into()),
            meta_access_token: Some(planted_secrets::META_ACCESS_TOKEN.into()),
            ..Settings::default()
        };
        let simulator = Simulator::start("127.0.0.1:0".parse()?, settings).await?;
        let mut testbed = Self {
            certhooks: certhooks.to_owned(),
            simulator,
            senders: Senders::new("", &scanner)?,
            scanner,
            local: None,
            state: folder.path().join("state"),
            kills: 0,
            leaked: 0,
            latencies: Latencies::default(),
            at: BTreeMap::new(),
            peak_kib: 0,
            _folder: folder,
        };
        testbed.start_process()?;
        Ok(testbed)
    }

    fn start_process(&mut self) -> Result<()> {
        let local = Local::start(&self.certhooks, &self.state, &self.simulator, &self.scanner)?;
        let process = format!("/proc/{}/cmdline", local.id());
        let title = std::fs::read(process).unwrap_or_default();
        self.leaked += self.scanner.count(&String::from_utf8_lossy(&title));
        self.senders.set_address(&local.address);
        self.local = Some(local);
        Ok(())
    }

    pub(crate) fn local(&self) -> Result<&Local> {
        self.local.as_ref().context("certhooks local is not running")
    }

    /// The state folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.state
    }

    pub(crate) fn database(&self) -> Result<Database> {
        Database::open(&self.state)
    }

    fn add_log(&mut self, log: Log) {
        self.leaked += log.leaked;
        self.latencies.queue.extend(log.latencies.queue);
        self.latencies.end_to_end.extend(log.latencies.end_to_end);
    }

    /// Kills the process (SIGKILL), finds out the crash points, and restarts it.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let local = self.local.take().context("certhooks local is not running")?;
        let log = local.kill()?;
        self.add_log(log);
        self.kills += 1;
        for crash_point in self.database()?.crash_points(&self.simulator)? {
            *self.at.entry(crash_point.name().to_owned()).or_default() += 1;
        }
        self.simulator.requests().clear();
        self.start_process()
    }

    /// Stops the process with SIGTERM, which finishes current work, and restarts it, which ends visibility
    /// timeouts.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.start_process()
    }

    fn stop(&mut self) -> Result<()> {
        if let Some(local) = self.local.take() {
            let (peak, log) = local.stop()?;
            self.peak_kib = self.peak_kib.max(peak);
            self.add_log(log);
        }
        Ok(())
    }

    /// Waits until the queue is empty.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let (mut left, mut since) = (u64::MAX, Instant::now());
        loop {
            let now = self.database()?.count("messages")?;
            if now == 0 {
                return Ok(());
            }
            ensure!(
                Instant::now() < until,
                "the queue does not become empty: {now} messages are left"
            );
            if now != left {
                (left, since) = (now, Instant::now());
            } else if since.elapsed() > STALLED {
                self.restart()?;
                since = Instant::now();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Compares what was acknowledged with what was delivered. `is_searched` says whether to search the state
    /// folder for secrets too.
    pub(crate) fn evaluate(mut self, row: Row, is_searched: bool) -> Result<Row> {
        self.stop()?;
        let database = self.database()?;
        let integrity = database.integrity()?;
        ensure!(integrity == "ok", "PRAGMA integrity_check: {integrity}");
        ensure!(database.count("dead_letters")? == 0, "there are dead letters");
        let delivered = database.delivered()?;
        let accepted = self.senders.accepted();
        let Comparison { lost, unknown, repeated } = compare(&accepted, &delivered);
        let searched = if is_searched { self.search(&database)? } else { 0 };
        let mut measured = row.measured;
        measured.insert("peak_kib".to_owned(), json!(self.peak_kib));
        Ok(Row {
            kills: self.kills,
            events: accepted.len() as u64,
            lost,
            repeated,
            // Locally, publish and record are one transaction, so no repeat is explained (crate `embedded`).
            unexplained: repeated + unknown,
            leaked: self.leaked + self.senders.leaked.load(Ordering::Relaxed) + searched,
            at: if row.at.is_empty() { self.at.clone() } else { row.at },
            measured,
            ..row
        })
    }

    /// Counts the secrets in deliveries, archive and database. The database may hold the token of a challenge.
    fn search(&self, database: &Database) -> Result<u64> {
        let mut found = 0;
        database.each_delivery(|body| found += self.scanner.count(body))?;
        Ok(found + leaks(&self.state, &self.scanner)?)
    }
}
