use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::wait_for;

/// A request as the consumer received it.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
    pub(super) at: Instant,
}

impl Received {
    pub(super) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

/// What the consumer answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) header: &'static str,
    pub(super) delay: Duration,
}

impl Answer {
    pub(super) fn of(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn with(status: u16, header: &'static str) -> Self {
        Self { header, ..Self::of(status) }
    }
}

type Decide = dyn Fn(&Received, usize) -> Answer + Send + Sync;

/// A consumer that listens on a free port, as long as the test process runs.
pub(super) struct Server {
    pub(super) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// `decide` gets the request and the number of earlier ones with its id.
    pub(super) fn start(
        decide: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), decide)
    }

    pub(super) fn listen(
        listener: TcpListener,
        decide: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, decide): (_, Arc<Decide>) = (Arc::clone(&received), Arc::new(decide));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (kept, decide) = (Arc::clone(&kept), Arc::clone(&decide));
                thread::spawn(move || serve(&stream, &kept, &*decide));
            }
        });
        Self { url, received }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.received().iter().map(|received| received.id().to_owned()).collect()
    }

    /// The ids in the order of their arrival, once there are `count`.
    pub(super) fn wait(&self, count: usize) -> Vec<String> {
        let find = || Some(self.ids()).filter(|ids| ids.len() >= count);
        wait_for(find, || format!("{count} requests: {:?}", self.ids()))
    }
}

/// Answers the requests of a connection until the client closes it.
fn serve(stream: &TcpStream, kept: &Mutex<Vec<Received>>, decide: &Decide) {
    let mut reader = BufReader::new(stream);
    while let Some(received) = read(&mut reader) {
        let answer = {
            let mut all = kept.lock().unwrap();
            let id = received.headers.get("webhook-id").cloned();
            let earlier = all.iter().filter(|one| one.headers.get("webhook-id") == id.as_ref());
            let earlier = earlier.count();
            all.push(received.clone());
            decide(&received, earlier)
        };
        thread::sleep(answer.delay);
        let (status, header) = (answer.status, answer.header);
        let end = if header.is_empty() { "" } else { "\r\n" };
        let text = format!("HTTP/1.1 {status} Test\r\ncontent-length: 2\r\n{header}{end}\r\nok");
        let mut writer = stream;
        // The client may be gone, killed or after its time-out.
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let target = line()?.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Received { target, headers, body, at: Instant::now() })
}
