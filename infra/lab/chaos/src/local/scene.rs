use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use simulator::{Settings, Simulator};

use crate::compare::{Compared, compare};
use crate::latency::Passages;
use crate::local::folder::{Folder, leaks};
use crate::local::landing::Database;
use crate::local::process::{Local, Log};
use crate::local::senders::Senders;
use crate::planted_secrets;
use crate::report::Row;
use harness::SecretScanner;

const PAUSE: Duration = Duration::from_millis(50);
/// What does not go on for so long waits for a visibility timeout, which a restart ends.
const STALLED: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(900);

/// `certhooks local`, the providers, and who sends.
pub(crate) struct Scene {
    certhooks: PathBuf,
    pub(crate) simulator: Simulator,
    pub(crate) scanner: SecretScanner,
    pub(crate) senders: Arc<Senders>,
    local: Option<Local>,
    state: PathBuf,
    pub(crate) kills: u64,
    leaked: u64,
    pub(crate) passages: Passages,
    at: BTreeMap<String, u64>,
    pub(crate) peak_kib: u64,
    _folder: Folder,
}

impl Scene {
    pub(crate) async fn set(certhooks: &Path, scanner: SecretScanner) -> Result<Self> {
        Self::set_in(certhooks, Folder::new()?, scanner).await
    }

    /// With the state in `folder`.
    pub(crate) async fn set_in(
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
        let mut scene = Self {
            certhooks: certhooks.to_owned(),
            simulator,
            senders: Senders::new("", &scanner)?,
            scanner,
            local: None,
            state: folder.path().join("state"),
            kills: 0,
            leaked: 0,
            passages: Passages::default(),
            at: BTreeMap::new(),
            peak_kib: 0,
            _folder: folder,
        };
        scene.start()?;
        Ok(scene)
    }

    fn start(&mut self) -> Result<()> {
        let local = Local::start(&self.certhooks, &self.state, &self.simulator, &self.scanner)?;
        let process = format!("/proc/{}/cmdline", local.id());
        let title = std::fs::read(process).unwrap_or_default();
        self.leaked += self.scanner.count(&String::from_utf8_lossy(&title));
        self.senders.turn_to(&local.address);
        self.local = Some(local);
        Ok(())
    }

    pub(crate) fn local(&self) -> Result<&Local> {
        self.local.as_ref().context("certhooks local does not run")
    }

    /// The state folder, to look at it or to be in its way.
    pub(crate) fn folder(&self) -> &Path {
        &self.state
    }

    pub(crate) fn database(&self) -> Result<Database> {
        Database::open(&self.state)
    }

    fn keep(&mut self, log: Log) {
        self.leaked += log.leaked;
        self.passages.queue.extend(log.passages.queue);
        self.passages.whole.extend(log.passages.whole);
    }

    /// `kill -9`, a look at where it fell, and a new start.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let local = self.local.take().context("certhooks local does not run")?;
        let log = local.kill()?;
        self.keep(log);
        self.kills += 1;
        for landing in self.database()?.landings(&self.simulator)? {
            *self.at.entry(landing.name().to_owned()).or_default() += 1;
        }
        self.simulator.requests().clear();
        self.start()
    }

    /// SIGTERM, which finishes what is under way, and a new start, which ends visibility timeouts.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    fn stop(&mut self) -> Result<()> {
        if let Some(local) = self.local.take() {
            let (peak, log) = local.stop()?;
            self.peak_kib = self.peak_kib.max(peak);
            self.keep(log);
        }
        Ok(())
    }

    /// Waits until nothing is on the queue any more.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let (mut left, mut since) = (u64::MAX, Instant::now());
        loop {
            let now = self.database()?.count("messages")?;
            if now == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < until, "the queue is not worked off: {now} messages are left");
            if now != left {
                (left, since) = (now, Instant::now());
            } else if since.elapsed() > STALLED {
                self.restart()?;
                since = Instant::now();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Compares what was acknowledged with what was delivered, and looks for secrets in what is left.
    /// `is_searched`: all files of the state folder too.
    pub(crate) fn judge(mut self, row: Row, is_searched: bool) -> Result<Row> {
        self.stop()?;
        let database = self.database()?;
        let integrity = database.integrity()?;
        ensure!(integrity == "ok", "PRAGMA integrity_check: {integrity}");
        ensure!(database.count("dead_letters")? == 0, "there are dead letters");
        let delivered = database.delivered()?;
        let accepted = self.senders.accepted();
        let Compared { lost, unknown, repeated } = compare(&accepted, &delivered);
        let searched = if is_searched { self.search(&database)? } else { 0 };
        let mut measured = row.measured;
        measured.insert("peak_kib".to_owned(), json!(self.peak_kib));
        Ok(Row {
            kills: self.kills,
            events: accepted.len() as u64,
            lost,
            repeated,
            // What is published and not recorded is not published again here: see `embedded`.
            unexplained: repeated + unknown,
            leaked: self.leaked + self.senders.leaked.load(Ordering::Relaxed) + searched,
            at: if row.at.is_empty() { self.at.clone() } else { row.at },
            measured,
            ..row
        })
    }
}

impl Scene {
    /// Secrets in deliveries, archive and database, where a challenge's token may wait.
    fn search(&self, database: &Database) -> Result<u64> {
        let mut found = 0;
        database.each_delivery(|body| found += self.scanner.count(body))?;
        Ok(found + leaks(&self.state, &self.scanner)?)
    }
}
