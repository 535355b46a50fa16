use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use harness::Process;
use serde::Deserialize;
use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::figures::{Figures, LOCAL_MEMORY, LOCAL_RATE};
use crate::process;
use crate::stage::Stage;

/// The name of `certhooks local` in figures.
pub const LOCAL: &str = "local";
/// The number of figures of a run, which show whether the last events take as long as the first.
const PARTS: usize = 10;
const START: Duration = Duration::from_secs(30);
/// The run fails after this time without a delivery.
const STALLED: Duration = Duration::from_secs(60);
const EVENT: &str = "events/digicert/certificate_issued.json";

/// Measures `events` events through `certhooks local` as it is released: `send` acts as the provider, a
/// simulator in this process answers the call-backs, and `tail` prints what was delivered.
///
/// # Errors
/// A program does not start, or an event is not delivered.
pub async fn measure(
    stage: &Stage,
    binaries: &Path,
    events: usize,
    figures: &mut Figures,
) -> Result<()> {
    eprintln!("bench: {events} events through `certhooks local`");
    // `certhooks local` has the whole machine, as in real use.
    process::unpin(std::process::id());
    let simulator = Simulator::start("127.0.0.1:0".parse()?, Settings::default()).await?;
    let local = Local::start(stage, &binaries.join("certhooks"), &simulator)?;
    tokio::task::block_in_place(|| run(&local, events, figures))?;
    simulator.stop().await;
    Ok(())
}

fn run(local: &Local, events: usize, figures: &mut Figures) -> Result<()> {
    let mut send =
        local.run(&["send", EVENT, "--count", &events.to_string(), "--to", &local.url])?;
    let mut tail = local.run(&["tail", "--json", "--from-start"])?;
    let delivered = tail.child().stdout.take().context("tail has no output")?;
    local.follow(delivered, events, figures)?;
    let sent = send.child().wait()?;
    ensure!(sent.success(), "not every event was acknowledged: `certhooks send` ended with {sent}");
    Ok(())
}

struct Local {
    program: PathBuf,
    state: PathBuf,
    url: String,
    server: Process,
}

#[derive(Deserialize)]
struct Delivered {
    id: String,
}

impl Local {
    fn start(stage: &Stage, program: &Path, simulator: &Simulator) -> Result<Self> {
        let (state, log) = (stage.folder().join("state"), stage.folder().join("local.log"));
        let mut command = Command::new(program);
        command.args(["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.args(["--reconcile-every", "0s", "--state"]);
        command.arg(&state).env_clear();
        command.env("DIGICERT_API_KEY", "sample-api-key");
        command.env("DIGICERT_API_BASE", simulator.digicert_base());
        command.env("DIGICERT_API_BUDGET", "none");
        let output = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let server = Process::start(&mut command)?;
        let began = Instant::now();
        let address = loop {
            if let Some(address) = address(&fs::read_to_string(&log)?) {
                break address;
            }
            ensure!(began.elapsed() < START, "`certhooks local` does not start: {}", log.display());
            std::thread::sleep(Duration::from_millis(20));
        };
        Ok(Self { program: program.to_owned(), state, url: format!("http://{address}"), server })
    }

    fn run(&self, arguments: &[&str]) -> Result<Process> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--state").arg(&self.state).stdin(Stdio::null());
        let has_output = arguments.first() == Some(&"tail");
        command.stdout(if has_output { Stdio::piped() } else { Stdio::null() });
        Process::start(&mut command)
    }

    /// Counts deliveries until all have arrived, and measures events a second and memory for each part.
    fn follow(&self, delivered: ChildStdout, events: usize, figures: &mut Figures) -> Result<()> {
        let part = (events / PARTS).max(1);
        let (mut ids, mut began) = (HashSet::new(), Instant::now());
        let lines = lines(delivered);
        while ids.len() < events {
            let stalled = || format!("{} of {events} events were delivered", ids.len());
            let event: Delivered =
                serde_json::from_str(&lines.recv_timeout(STALLED).with_context(stalled)??)?;
            ensure!(ids.insert(event.id), "an event was delivered twice");
            if ids.len().is_multiple_of(part) {
                let rate = part as f64 / began.elapsed().as_secs_f64();
                figures.push(LOCAL_RATE, None, LOCAL, rate);
                let memory = harness::memory(self.server.id())?.now;
                figures.push(LOCAL_MEMORY, None, LOCAL, memory as f64);
                eprintln!("bench: {} delivered", ids.len());
                began = Instant::now();
            }
        }
        Ok(())
    }
}

/// The lines of the output as they arrive. The thread ends with the output or the receiver.
fn lines(output: ChildStdout) -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(output).lines().try_for_each(|line| sender.send(line))
    });
    receiver
}

/// The address that the server listens on, from its log.
fn address(log: &str) -> Option<String> {
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find_map(|line| Some(line["address"].as_str()?.to_owned()))
}
