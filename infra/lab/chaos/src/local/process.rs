use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use simulator::Simulator;

use crate::latency::Passages;
use crate::memory::peak_kib;
use crate::planted_secrets;
use harness::SecretScanner;

/// On a busy machine.
const START: Duration = Duration::from_secs(60);
/// Of the log, to show when something is wrong.
const REMEMBERED: usize = 40;

/// A running `certhooks local`, whose log is searched as it is written.
pub(crate) struct Local {
    process: Child,
    pub(crate) address: String,
    log: Arc<Mutex<Log>>,
    reading: Option<thread::JoinHandle<()>>,
}

/// What the log came to.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) leaked: u64,
    pub(crate) passages: Passages,
    last: VecDeque<String>,
}

impl Local {
    /// Starts `certhooks` on the folder `state`.
    pub(crate) fn start(
        certhooks: &Path,
        state: &Path,
        simulator: &Simulator,
        scanner: &SecretScanner,
    ) -> Result<Self> {
        let mut process = Command::new(certhooks)
            .args(["local", "--listen", "127.0.0.1:0", "--state"])
            .arg(state)
            .env_clear()
            .envs(variables(simulator))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", certhooks.display()))?;
        let log = Arc::new(Mutex::new(Log::default()));
        let (listening, address) = mpsc::channel();
        let error = process.stderr.take().context("no standard error")?;
        let (kept, scanner) = (Arc::clone(&log), scanner.clone());
        let reading = thread::spawn(move || read(error, &scanner, &kept, &listening));
        let mut local = Self { process, address: String::new(), log, reading: Some(reading) };
        match address.recv_timeout(START) {
            Ok(address) => {
                local.address = address;
                Ok(local)
            }
            Err(_) => bail!("certhooks local did not start: {:#?}", local.log().last),
        }
    }

    /// What was logged so far.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`; what it logged.
    pub(crate) fn kill(mut self) -> Result<Log> {
        let _gone = self.process.kill();
        self.ended()
    }

    /// SIGTERM, and waits for the end; its peak memory in KiB and what it logged.
    pub(crate) fn stop(mut self) -> Result<(u64, Log)> {
        let peak = peak_kib(self.process.id());
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(status.success(), "kill -TERM {id}: {status}");
        Ok((peak, self.ended()?))
    }

    fn ended(&mut self) -> Result<Log> {
        self.process.wait()?;
        if let Some(reading) = self.reading.take() {
            ensure!(reading.join().is_ok(), "its log was not read to the end");
        }
        Ok(std::mem::take(&mut *lock(&self.log)))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(
    from: impl Read,
    scanner: &SecretScanner,
    log: &Mutex<Log>,
    listening: &mpsc::Sender<String>,
) {
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
        if parsed["message"] == "listening" {
            // Nobody waits any more when the start took too long.
            let _ = listening.send(parsed["address"].as_str().unwrap_or_default().to_owned());
        }
        let mut log = lock(log);
        log.leaked += scanner.count(&line);
        log.passages.read(&parsed);
        if log.last.len() == REMEMBERED {
            log.last.pop_front();
        }
        log.last.push_back(line);
    }
}

/// The providers are taken for real: there are API keys and base addresses.
fn variables(simulator: &Simulator) -> [(&'static str, String); 14] {
    let none = || "none".to_owned();
    [
        ("DIGICERT_WEBHOOK_KEY", planted_secrets::DIGICERT_KEY.to_owned()),
        ("CLOUDFLARE_WEBHOOK_AUTH", planted_secrets::CLOUDFLARE_AUTH.to_owned()),
        ("META_APP_SECRET", planted_secrets::META_SECRET.to_owned()),
        ("META_VERIFY_TOKEN", planted_secrets::META_TOKEN.to_owned()),
        ("DIGICERT_API_KEY", planted_secrets::DIGICERT_API_KEY.to_owned()),
        ("DIGICERT_API_BASE", simulator.digicert_base()),
        ("DIGICERT_API_BUDGET", none()),
        ("CLOUDFLARE_API_TOKEN", planted_secrets::CLOUDFLARE_API_TOKEN.to_owned()),
        ("CLOUDFLARE_API_BASE", simulator.cloudflare_base()),
        ("CLOUDFLARE_API_BUDGET", none()),
        ("META_ACCESS_TOKEN", planted_secrets::META_ACCESS_TOKEN.to_owned()),
        ("META_API_BASE", simulator.meta_base()),
        ("META_API_BUDGET", none()),
        ("META_DOMAINS", "example.com".to_owned()),
    ]
}
