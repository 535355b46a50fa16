use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server for answers that the simulator cannot give. It records its requests, and runs as long as
/// the test process.
pub(crate) struct Canned {
    pub(crate) address: String,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// `answer` maps a request target (path and query) to a status and a body.
    pub(crate) fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let targets = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&targets);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if let Some(target) = target(&stream) {
                    let (status, body) = answer(&target);
                    recorded.lock().unwrap().push(target);
                    reply(stream, status, &body);
                }
            }
        });
        Self { address, targets }
    }

    /// The targets of the requests so far.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

/// Reads the head of a `GET` request and returns its target.
fn target(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    Some(first.split(' ').nth(1)?.to_owned())
}

fn reply(mut stream: TcpStream, status: u16, body: &str) {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} Canned\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    // The client may have closed the connection.
    let _ = stream.write_all(answer.as_bytes());
}
