use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use harness::{Process, SecretScanner};
use serde_json::Value;

/// The time limit of a start, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// The number of lines of the log that are kept, for error messages.
const LINES_KEPT: usize = 40;

/// A running `certhooks local`, whose log is searched for secrets as it is written.
pub(crate) struct Local {
    process: Process,
    pub(crate) address: String,
    log: Arc<Mutex<Log>>,
    reader: Option<thread::JoinHandle<()>>,
}

/// A summary of the log.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) leaked: u64,
    /// The number of delivered events.
    pub(crate) delivered: u64,
    last: VecDeque<String>,
}

impl Local {
    /// Starts `certhooks` on the folder `state`.
    pub(crate) fn start(
        certhooks: &Path,
        state: &Path,
        variables: Vec<(String, String)>,
        scanner: &SecretScanner,
    ) -> Result<Self> {
        let mut command = Command::new(certhooks);
        command
            .args(["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state"])
            .arg(state)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let log = Arc::new(Mutex::new(Log::default()));
        let (listening, address) = mpsc::channel();
        let error = process.child().stderr.take().context("no standard error")?;
        let (shared_log, scanner) = (Arc::clone(&log), scanner.clone());
        let reader = thread::spawn(move || read(error, &scanner, &shared_log, &listening));
        let mut local = Self { process, address: String::new(), log, reader: Some(reader) };
        match address.recv_timeout(START_TIMEOUT) {
            Ok(address) => {
                local.address = address;
                Ok(local)
            }
            Err(_) => bail!("certhooks local did not start: {:#?}", local.log().last),
        }
    }

    /// The summary of the log so far.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the process (SIGKILL), and returns the summary of its log.
    pub(crate) fn kill(mut self) -> Result<Log> {
        let _gone = self.process.child().kill();
        self.ended()
    }

    /// Stops the process with SIGTERM and waits for its end. Returns the summary of its log.
    pub(crate) fn stop(mut self) -> Result<Log> {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(status.success(), "kill -TERM {id}: {status}");
        self.ended()
    }

    fn ended(&mut self) -> Result<Log> {
        self.process.child().wait()?;
        if let Some(reader) = self.reader.take() {
            ensure!(reader.join().is_ok(), "the log was not read to its end");
        }
        Ok(std::mem::take(&mut *lock(&self.log)))
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
            // Sending fails if the start has timed out.
            let _ = listening.send(parsed["address"].as_str().unwrap_or_default().to_owned());
        }
        let mut log = lock(log);
        log.leaked += scanner.count(&line);
        log.delivered += u64::from(parsed["message"] == "delivered");
        if log.last.len() == LINES_KEPT {
            log.last.pop_front();
        }
        log.last.push_back(line);
    }
}
