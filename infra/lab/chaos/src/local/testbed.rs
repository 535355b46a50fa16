use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use harness::{Folder, Memory, SecretScanner, memory};
use providers::profile;
use simulator::Simulator;

use crate::events::Event;
use crate::local::database::{Database, each_archived, each_delivery};
use crate::local::process::Local;
use crate::local::senders::Senders;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::{self, CHALLENGE, api_variables, planted};
use crate::testbed::Testbed;

/// The file that may hold secrets.
const SECRETS: &str = "secrets.json";
/// The database and its write-ahead log, which hold the token of a challenge for the operator.
const DATABASE: &str = "certhooks.db";

const PAUSE: Duration = Duration::from_millis(50);
/// A queue without progress for this long waits for a visibility timeout, which a restart ends.
const STALLED: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(900);

/// `certhooks local`, the simulated providers, and the senders.
pub(crate) struct LocalTestbed {
    certhooks: PathBuf,
    pub(crate) simulator: Simulator,
    scanner: SecretScanner,
    pub(crate) senders: Arc<Senders>,
    local: Option<Local>,
    state: PathBuf,
    pub(crate) kills: u64,
    leaked: u64,
    at: BTreeMap<String, u64>,
    peak_kib: u64,
    _folder: Folder,
}

impl LocalTestbed {
    /// Starts with the state in `folder`.
    pub(crate) async fn start_in(
        programs: &Programs,
        folder: Folder,
        scanner: SecretScanner,
    ) -> Result<Self> {
        let mut testbed = Self {
            certhooks: programs.certhooks.clone(),
            simulator: secrets::simulator().await?,
            senders: Senders::new(scanner.clone())?,
            scanner,
            local: None,
            state: folder.path().join("state"),
            kills: 0,
            leaked: 0,
            at: BTreeMap::new(),
            peak_kib: 0,
            _folder: folder,
        };
        testbed.start_process()?;
        Ok(testbed)
    }

    fn start_process(&mut self) -> Result<()> {
        let mut variables = api_variables(|name| self.simulator.base_of(name));
        let members = profile::ALL.iter().flat_map(|profile| secrets::members(profile));
        variables.extend(members.map(|member| (member.variable.to_owned(), planted(member))));
        let local = Local::start(&self.certhooks, &self.state, variables, &self.scanner)?;
        let process = format!("/proc/{}/cmdline", local.id());
        let title = std::fs::read(process).unwrap_or_default();
        self.leaked += self.scanner.count(&String::from_utf8_lossy(&title));
        self.senders.set_address(&local.address);
        self.local = Some(local);
        Ok(())
    }

    /// The number of events that this process has delivered so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.local.as_ref().map_or(0, |local| local.log().delivered)
    }

    /// The address of the webhook endpoints.
    pub(crate) fn address(&self) -> Result<&str> {
        let local = self.local.as_ref().context("certhooks local is not running")?;
        Ok(&local.address)
    }

    /// The memory that the process has now.
    pub(crate) fn resident_kib(&self) -> u64 {
        let local = self.local.as_ref();
        local.and_then(|local| memory(local.id()).ok()).map_or(0, |memory| memory.now / 1024)
    }

    /// The state folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.state
    }

    /// Kills the process (SIGKILL), finds out the crash points, and restarts it.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let local = self.local.take().context("certhooks local is not running")?;
        self.leaked += local.kill()?.leaked;
        self.kills += 1;
        for crash_point in Database::open(&self.state)?.crash_points(&self.simulator)? {
            *self.at.entry(crash_point.to_owned()).or_default() += 1;
        }
        self.simulator.requests().clear();
        self.start_process()
    }

    /// Stops the process with SIGTERM, which finishes current work.
    pub(crate) fn stop(&mut self) -> Result<()> {
        if let Some(local) = self.local.take() {
            self.peak_kib =
                self.peak_kib.max(memory(local.id()).map_or(0, |it: Memory| it.peak / 1024));
            self.leaked += local.stop()?.leaked;
        }
        Ok(())
    }

    /// Waits until the queue is empty.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let (mut left, mut since) = (u64::MAX, Instant::now());
        loop {
            let now = Database::open(&self.state)?.count("messages")?;
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
                self.stop()?;
                self.start_process()?;
                since = Instant::now();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Counts the secrets in deliveries, archive and database. The database may hold the token of a challenge.
    async fn search(&self) -> Result<u64> {
        let mut found = 0;
        each_delivery(&self.state, |body| found += self.scanner.count(body)).await?;
        each_archived(&self.state, |object| found += self.scanner.count(object)).await?;
        Ok(found + leaks(&self.state, &self.scanner)?)
    }
}

impl Testbed for LocalTestbed {
    async fn start(programs: &Programs, scanner: SecretScanner) -> Result<Self> {
        Self::start_in(programs, Folder::new()?, scanner).await
    }

    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    async fn send(&mut self, event: &Event) -> Result<()> {
        self.senders.send(event).await
    }

    /// The tokens of challenges are not on the queue.
    async fn drain(&mut self, _challenges: u64) -> Result<()> {
        self.simulator.faults().clear();
        self.settle().await
    }

    async fn evaluate(mut self, row: Row) -> Result<Row> {
        self.stop()?;
        let found = self.search().await?;
        let database = Database::open(&self.state)?;
        let integrity = database.integrity()?;
        ensure!(integrity == "ok", "PRAGMA integrity_check: {integrity}");
        ensure!(database.count("dead_letters")? == 0, "there are dead letters");
        let acknowledgements = self.senders.acknowledgements();
        let mut row = row.compared(&acknowledgements.accepted, &database.delivered()?);
        // Locally, publish and record are one transaction, so no repeat is explained (crate `embedded`).
        row.unexplained += row.repeated;
        row.leaked = self.leaked + acknowledgements.leaked + found;
        row.kills = self.kills;
        row.at.extend(self.at.clone());
        row.measure("peak_kib", self.peak_kib);
        row.measure("refused_with_503", acknowledgements.refused);
        Ok(row)
    }
}

/// Counts the secrets in the files below a folder, including the database with its write-ahead log.
fn leaks(folder: &Path, scanner: &SecretScanner) -> Result<u64> {
    let without_challenge = scanner.without(CHALLENGE);
    let mut found = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found += leaks(&entry.path(), scanner)?;
        } else if entry.file_name() != SECRETS {
            let bytes = fs::read(entry.path())?;
            let text = String::from_utf8_lossy(&bytes);
            let is_database = entry.file_name().to_string_lossy().starts_with(DATABASE);
            found +=
                if is_database { without_challenge.count(&text) } else { scanner.count(&text) };
        }
    }
    Ok(found)
}

/// Waits until the process does what is expected of it.
pub(crate) async fn until(expected: &str, is_done: impl Fn() -> bool) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(120);
    const PAUSE: Duration = Duration::from_millis(2);
    let end = Instant::now() + PATIENCE;
    while !is_done() {
        let is_late = Instant::now() > end;
        ensure!(!is_late, "no sign within {PATIENCE:?} that certhooks local {expected}");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
