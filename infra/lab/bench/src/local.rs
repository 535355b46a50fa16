use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use harness::Process;
use serde::Deserialize;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::event::SECRET;
use crate::figures::{
    ACKNOWLEDGED_CPU, ACKNOWLEDGED_RATE, DELIVERED_CPU, DELIVERED_RATE, Figures, LOCAL_DISK,
    LOCAL_MEMORY,
};
use crate::process;
use crate::stage::Stage;

/// The name of `certhooks local` in figures.
pub const LOCAL: &str = "local";
/// The number of figures of a run, which show whether the last events take as long as the first.
const PARTS: u64 = 10;
const START: Duration = Duration::from_secs(30);
/// The run fails after this time without a delivery.
const STALLED: Duration = Duration::from_secs(60);
/// The number of connections on which the provider sends, one event after the other.
const CONNECTIONS: u64 = 32;
/// The provider answers call-backs after this time while events are sent, so that the worker waits.
const BUSY: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Measures `events` events through `certhooks local` as it is released. Threads of this process act as the
/// provider that sends them, and a simulator in this process answers the call-backs: first slowly, so that
/// nearly all of the events wait on the queue, and then at once.
///
/// # Errors
/// A program does not start, an event is not acknowledged, or is not delivered just once.
pub async fn measure(
    stage: &Stage,
    binaries: &Path,
    events: u64,
    figures: &mut Figures,
) -> Result<()> {
    eprintln!("bench: {events} events through `certhooks local`");
    // `certhooks local` has the whole machine, as in real use.
    process::unpin(std::process::id());
    let simulator = Simulator::start("127.0.0.1:0".parse()?, Settings::default()).await?;
    simulator.delay_by(BUSY);
    let local = Local::start(stage, &binaries.join("certhooks"), &simulator)?;
    tokio::task::block_in_place(|| local.acknowledge(events, figures))?;
    simulator.delay_by(Duration::ZERO);
    tokio::time::sleep(BUSY).await;
    tokio::task::block_in_place(|| local.deliver(events, &simulator, figures))?;
    simulator.stop().await;
    Ok(())
}

struct Local {
    program: PathBuf,
    state: PathBuf,
    address: String,
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
        command.env("DIGICERT_WEBHOOK_KEY", SECRET);
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
        Ok(Self { program: program.to_owned(), state, address, server })
    }

    /// Sends the events in parts, and measures each part.
    fn acknowledge(&self, events: u64, figures: &mut Figures) -> Result<()> {
        let part = events / PARTS;
        for first in (0..PARTS).map(|number| number * part) {
            let (began, busy) = (Instant::now(), process::cpu(self.server.id())?);
            std::thread::scope(|scope| {
                let send =
                    |connection| move || send(&self.address, first..first + part, connection);
                let senders: Vec<_> = (0..CONNECTIONS).map(|it| scope.spawn(send(it))).collect();
                let mut ended = senders.into_iter().map(|sender| sender.join());
                ended.try_for_each(|ended| ended.unwrap_or_else(|_| bail!("a sender panicked")))
            })?;
            let taken = self.taken(part, began, busy)?;
            figures.push(ACKNOWLEDGED_RATE, None, LOCAL, taken.rate);
            figures.push(ACKNOWLEDGED_CPU, None, LOCAL, taken.cpu);
            eprintln!("bench: {} acknowledged", first + part);
        }
        Ok(())
    }

    /// Follows the deliveries in parts until all have arrived, and measures each part. Each follows on one
    /// call-back: to count those in this process disturbs less than to ask the server.
    fn deliver(&self, events: u64, simulator: &Simulator, figures: &mut Figures) -> Result<()> {
        let events = events / PARTS * PARTS;
        let mut delivered = simulator.requests().total();
        let part = ((events - delivered) / PARTS).max(1);
        let (mut counted, mut moved) = (delivered, Instant::now());
        let (mut began, mut busy) = (moved, process::cpu(self.server.id())?);
        while delivered < events {
            std::thread::sleep(POLL_INTERVAL);
            let now = simulator.requests().total();
            if now > delivered {
                (delivered, moved) = (now, Instant::now());
            }
            ensure!(moved.elapsed() < STALLED, "{delivered} of {events} events were delivered");
            if delivered >= counted + part {
                let taken = self.taken(delivered - counted, began, busy)?;
                figures.push(DELIVERED_RATE, None, LOCAL, taken.rate);
                figures.push(DELIVERED_CPU, None, LOCAL, taken.cpu);
                let memory = harness::memory(self.server.id())?.now;
                figures.push(LOCAL_MEMORY, None, LOCAL, memory as f64);
                eprintln!("bench: {delivered} delivered");
                counted = delivered;
                (began, busy) = (Instant::now(), process::cpu(self.server.id())?);
            }
        }
        let mut disk = 0;
        for file in fs::read_dir(&self.state)? {
            disk += file?.metadata()?.len();
        }
        figures.push(LOCAL_DISK, None, LOCAL, disk as f64 / events as f64);
        self.check(events)
    }

    /// What a number of events has taken since a moment, and since a processor time of the server.
    fn taken(&self, events: u64, began: Instant, busy: Duration) -> Result<Taken> {
        let cpu = process::cpu(self.server.id())?.saturating_sub(busy);
        let events = events as f64;
        let rate = events / began.elapsed().as_secs_f64();
        Ok(Taken { rate, cpu: cpu.as_secs_f64() * 1e6 / events })
    }

    /// Each event is on the deliveries queue once.
    fn check(&self, events: u64) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(["tail", "--json", "--from-start", "--state"]).arg(&self.state);
        let mut tail = Process::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let output = tail.child().stdout.take().context("tail has no output")?;
        let mut ids = HashSet::new();
        for line in BufReader::new(output).lines().take(usize::try_from(events)?) {
            let event: Delivered = serde_json::from_str(&line?)?;
            ensure!(ids.insert(event.id), "an event was delivered twice");
        }
        Ok(())
    }
}

/// What an event took in a part of a run.
struct Taken {
    /// Events a second.
    rate: f64,
    /// Processor time of `certhooks local` for each, in microseconds.
    cpu: f64,
}

/// Sends those of the events that are for this connection, each once the one before it is acknowledged.
fn send(address: &str, events: Range<u64>, connection: u64) -> Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    stream.get_ref().set_nodelay(true)?;
    for number in events.filter(|number| number % CONNECTIONS == connection) {
        // The simulator signs every eighth certificate on a slow curve, which few authorities use.
        let id = number * 8 + 1;
        let event = json!({
            "event": "certificate_issued", "data": { "order_id": id, "certificate_id": id },
        });
        let body = event.to_string();
        let request = format!(
            "POST /webhooks/digicert HTTP/1.1\r\nhost: local\r\nx-webhook-key: {SECRET}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes())?;
        acknowledgement(&mut stream)?;
    }
    Ok(())
}

/// Reads an answer.
fn acknowledgement(stream: &mut impl BufRead) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(stream.read_until(b'\n', &mut head)? > 0, "the connection was closed");
    }
    let head = String::from_utf8(head)?.to_lowercase();
    ensure!(head.starts_with("http/1.1 200 "), "the answer is not 200: {head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.context("the answer has no length")?.parse()?];
    stream.read_exact(&mut body)?;
    Ok(())
}

/// The address of the webhook endpoints, from the server's log.
fn address(log: &str) -> Option<String> {
    let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.find_map(|line| Some(line["address"].as_str()?.to_owned()))
}
