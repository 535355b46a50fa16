//! `certhooks forward`: the compiled binary, real consumers, and kills.

mod consumers;
mod crash;
mod exec;
mod retention;
mod retries;
mod secrets;
mod server;
mod signed;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{Folder, Local, certhooks, command};

/// The signing secret of the tests: 32 bytes.
const SECRET: &str = "whsec_Y2FuYXJ5LXNpZ25pbmctc2VjcmV0LTAxMjM0NTY3ODk=";
const VARIABLE: &str = "CERTHOOKS_FORWARD_SECRET";
const TIMEOUT: Duration = Duration::from_secs(60);

/// A state folder in which nothing runs.
fn folder() -> Arc<Folder> {
    Local::start(&[]).kill()
}

fn database(state: &Path) -> Connection {
    let database = Connection::open(state.join("certhooks.db")).unwrap();
    database.busy_timeout(TIMEOUT).unwrap();
    database
}

/// Puts events with these ids on the deliveries queue, as a worker does.
fn deliver<I: AsRef<str>>(state: &Path, ids: impl IntoIterator<Item = I>) {
    let mut database = database(state);
    let transaction = database.transaction().unwrap();
    for id in ids {
        let id = id.as_ref();
        let body = format!("{{\"id\":\"{id}\",\n\"type\":\"certhooks.certificate.issued\"}}");
        transaction
            .execute(
                "INSERT INTO deliveries (id, kind, provider, subject, published_at, body)
                     VALUES (?1, 'certhooks.certificate.issued', 'digicert', 'digicert/certificate/1',
                             unixepoch('now') * 1000000, ?2)",
                (id, body),
            )
            .unwrap();
    }
    transaction.commit().unwrap();
}

/// A running `certhooks forward`, which ends when this is dropped.
struct Forward {
    process: Child,
    out: Arc<Mutex<Vec<String>>>,
    err: Arc<Mutex<Vec<String>>>,
}

impl Forward {
    /// With the signing secret of the tests.
    fn start(state: &Path, arguments: &[&str]) -> Self {
        Self::start_with(&[(VARIABLE, SECRET)], state, arguments)
    }

    fn start_with(variables: &[(&str, &str)], state: &Path, arguments: &[&str]) -> Self {
        let mut process = forward(variables, state, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = lines(process.stdout.take().unwrap());
        let err = lines(process.stderr.take().unwrap());
        Self { process, out, err }
    }

    fn out(&self) -> Vec<Value> {
        self.out.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn err(&self) -> String {
        self.err.lock().unwrap().join("\n")
    }

    /// The lines with this outcome; waits until there are at least `count` of them.
    fn outcomes(&self, outcome: &str, count: usize) -> Vec<Value> {
        let find = || {
            let lines = self.out().into_iter().filter(|line| line["outcome"] == outcome);
            Some(lines.collect::<Vec<_>>()).filter(|lines| lines.len() >= count)
        };
        wait_for(find, || format!("{outcome}: {:#?}\n{}", self.out(), self.err()))
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Ends it with SIGTERM, and returns its exit status and its last line.
    fn stop(mut self) -> (ExitStatus, Value) {
        self.signal("-TERM");
        let status = self.process.wait().unwrap();
        (status, self.outcomes("stopped", 1).remove(0))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn forward(variables: &[(&str, &str)], state: &Path, arguments: &[&str]) -> Command {
    let path = [("PATH", std::env::var("PATH").unwrap())];
    let mut command = command(variables);
    command.envs(path).args(["forward", "--json", "--state"]).arg(state).args(arguments);
    command
}

/// Runs a command of the group to its end, and returns its exit status, its lines and its errors.
fn run(state: &Path, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let state = state.to_str().unwrap();
    let output = certhooks(&[], &[&["forward"], arguments, &["--json", "--state", state]].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let lines = text(output.stdout);
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines, text(output.stderr))
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    lines
}

/// Polls until there is a value.
pub(crate) fn wait_for<T>(mut find: impl FnMut() -> Option<T>, state: impl Fn() -> String) -> T {
    let until = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < until, "it did not happen: {}", state());
        thread::sleep(Duration::from_millis(10));
    }
}
