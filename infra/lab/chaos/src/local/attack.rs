use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use providers::profile;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::local::senders::Senders;
use crate::local::testbed::LocalTestbed;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::testbed::Testbed;

/// The interval between two genuine events: 50 a second.
const INTERVAL: Duration = Duration::from_millis(20);
const EVENTS_PER_SECOND: u64 = 50;
/// The limits that must hold under every attack.
const MAX_P99: Duration = Duration::from_secs(1);
const MAX_MEMORY_KIB: u64 = 128_000_000 / 1024;
/// The file descriptors of this process: for the attack with the most connections, and for the rest.
const DESCRIPTORS: u64 = 6000;

/// How long an attacker whose connection was closed waits before it opens another one.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);
const HALF_HEADERS: usize = 12 * 1024;
const BODY: usize = 5 * 1024 * 1024;
/// Each sends its body as over a line of 50 Mbit/s.
const CHUNK: usize = 64 * 1024;
const CHUNK_PAUSE: Duration = Duration::from_millis(10);
/// A Meta webhook takes the largest bodies, and its signature can only be verified over the whole body.
const HEAD_OF_BODY: &str = "POST /webhooks/meta-ct HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
    X-Hub-Signature-256: sha256=0000000000000000000000000000000000000000000000000000000000000000\r\n";

/// What strangers do, who have no secret.
#[derive(Clone, Copy, Debug)]
enum Attack {
    /// For comparison.
    None,
    /// Connections on which nothing is sent.
    Silent,
    /// Connections whose header block does not end.
    HalfHeaders,
    /// Large bodies without a right signature.
    Bodies,
    /// Requests that are refused, one after the other.
    Refused,
}

impl Attack {
    const ALL: [Self; 5] =
        [Self::None, Self::Silent, Self::HalfHeaders, Self::Bodies, Self::Refused];

    fn name(self) -> &'static str {
        match self {
            Self::None => "no attack",
            Self::Silent => "5,000 silent connections",
            Self::HalfHeaders => "2,000 half header blocks",
            Self::Bodies => "500 bodies of 5 MiB",
            Self::Refused => "refused requests",
        }
    }

    fn attackers(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Silent => 5000,
            Self::HalfHeaders => 2000,
            Self::Bodies => 500,
            Self::Refused => 32,
        }
    }

    /// Attacks until it is aborted, and counts the attempts.
    async fn run(self, address: SocketAddr, number: u64, attempts: Arc<AtomicU64>) {
        loop {
            // An error means that the connection was refused or closed, which is the server's right.
            if let Ok(stream) = connect(address, number).await {
                attempts.fetch_add(1, Ordering::Relaxed);
                let _closed = self.send(stream).await;
            }
            if !matches!(self, Self::Refused) {
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        }
    }

    async fn send(self, mut stream: TcpStream) -> std::io::Result<()> {
        match self {
            Self::None | Self::Silent => {}
            Self::HalfHeaders => {
                let head = "POST /webhooks/digicert HTTP/1.1\r\nHost: x\r\nX-Filling: ";
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&vec![b'x'; HALF_HEADERS]).await?;
            }
            Self::Bodies => {
                let head = format!("{HEAD_OF_BODY}Content-Length: {BODY}\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                let chunk = vec![b'x'; CHUNK];
                for _ in 0..BODY / CHUNK {
                    stream.write_all(&chunk).await?;
                    tokio::time::sleep(CHUNK_PAUSE).await;
                }
            }
            Self::Refused => {
                let requests = profile::ALL.iter().map(|row| {
                    format!(
                        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}",
                        row.route
                    )
                });
                stream.write_all(requests.collect::<String>().as_bytes()).await?;
                stream.shutdown().await?;
            }
        }
        let mut answer = [0; 4096];
        while stream.read(&mut answer).await? > 0 {}
        Ok(())
    }
}

/// Attackers come from many addresses, so that they do not run out of ports.
async fn connect(to: SocketAddr, number: u64) -> std::io::Result<TcpStream> {
    let [.., low] = number.to_be_bytes();
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 1, low), 0).into())?;
    socket.connect(to).await
}

/// Strangers attack `certhooks local`, each way in turn for some seconds, while genuine events come. All of those
/// are acknowledged, nearly all within a second, and none becomes a dead letter.
pub(crate) async fn attack(programs: &Programs, seconds: u64, mut row: Row) -> Result<Row> {
    raise_descriptor_limit()?;
    let mut testbed = LocalTestbed::start(programs, scanner(&[])).await?;
    let address: SocketAddr = testbed.address()?.parse()?;
    let mut too_slow = Vec::new();
    for attack in Attack::ALL {
        let attempts = Arc::new(AtomicU64::default());
        let attackers = (0..attack.attackers())
            .map(|number| attack.run(address, number, Arc::clone(&attempts)));
        let attackers: JoinSet<()> = attackers.collect();
        let times = send_genuine(&testbed.senders, seconds).await?;
        drop(attackers);
        let attempts = attempts.load(Ordering::Relaxed);
        let of = |share: usize| times[(times.len() - 1) * share / 100];
        row.faults += attempts;
        row.measure(
            attack.name(),
            json!({
                "attempts": attempts,
                "p50_ms": of(50).as_millis(),
                "p99_ms": of(99).as_millis(),
                "max_ms": of(100).as_millis(),
                "resident_kib": testbed.resident_kib(),
            }),
        );
        if of(99) >= MAX_P99 {
            too_slow.push(attack.name());
        }
    }
    testbed.settle().await?;
    let row = testbed.evaluate(row).await?;
    let peak = row.measured["peak_kib"].as_u64().unwrap_or(u64::MAX);
    ensure!(too_slow.is_empty(), "p99 is not below {MAX_P99:?}: {too_slow:?}, {:?}", row.measured);
    ensure!(peak < MAX_MEMORY_KIB, "{peak} KiB of memory: {:?}", row.measured);
    Ok(row)
}

/// Sends events at a constant rate, and returns how long each took until it was acknowledged, the shortest first.
async fn send_genuine(senders: &Arc<Senders>, seconds: u64) -> Result<Vec<Duration>> {
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut sending = JoinSet::new();
    for _ in 0..seconds * EVENTS_PER_SECOND {
        ticks.tick().await;
        sending.spawn(Arc::clone(senders).send_next());
    }
    let mut times = Vec::new();
    while let Some(sent) = sending.join_next().await {
        times.push(sent??);
    }
    times.sort_unstable();
    Ok(times)
}

fn raise_descriptor_limit() -> Result<()> {
    let limits = getrlimit(Resource::Nofile);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= DESCRIPTORS);
    ensure!(is_enough(limits.maximum), "at least {DESCRIPTORS} open files are needed (ulimit -Hn)");
    if !is_enough(limits.current) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), ..limits })?;
    }
    Ok(())
}
