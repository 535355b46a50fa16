//! A provider's API that gives prepared answers, byte for byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The answers by the beginning of the path; of several that fit, the longest.
type Answers = Arc<Mutex<Vec<(&'static str, Vec<u8>)>>>;

pub(crate) struct Scripted {
    pub(crate) base: String,
    answers: Answers,
    requests: Arc<Mutex<Vec<String>>>,
    /// How long each answer takes.
    pub(crate) delay: Arc<Mutex<Duration>>,
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (answers, requests) = (Answers::default(), Arc::<Mutex<Vec<String>>>::default());
        let delay = Arc::<Mutex<Duration>>::default();
        let (all, log, wait) = (Arc::clone(&answers), Arc::clone(&requests), Arc::clone(&delay));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let wait = *wait.lock().unwrap();
                tokio::spawn(serve(stream, wait, Arc::clone(&all), Arc::clone(&log)));
            }
        });
        Self { base, answers, requests, delay }
    }

    /// Answers requests whose path begins with `path` from now on.
    pub(crate) fn answer(&self, path: &'static str, answer: impl Into<Vec<u8>>) {
        let mut answers = self.answers.lock().unwrap();
        answers.retain(|(known, _)| *known != path);
        answers.push((path, answer.into()));
    }

    /// The heads of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests had a path that begins so.
    pub(crate) fn count(&self, path: &str) -> usize {
        let is_there = |head: &&String| path_of(head).starts_with(path);
        self.requests.lock().unwrap().iter().filter(is_there).count()
    }
}

/// An answer with this status line, headers and body.
pub(crate) fn http(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

async fn serve(
    mut stream: TcpStream,
    delay: Duration,
    answers: Answers,
    log: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let answer = {
        let answers = answers.lock().unwrap();
        let fitting = answers.iter().filter(|(path, _)| path_of(&head).starts_with(path));
        fitting.max_by_key(|(path, _)| path.len()).map(|(_, answer)| answer.clone())
    };
    log.lock().unwrap().push(head);
    tokio::time::sleep(delay).await;
    let _ = stream.write_all(&answer.unwrap_or_else(|| http(500, "", b""))).await;
    let _ = stream.shutdown().await;
}
