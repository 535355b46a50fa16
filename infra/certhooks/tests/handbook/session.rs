use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use simulator::{Settings, Simulator};
use snapbox::{Assert, IntoData};
use tokio::runtime::Runtime;

use crate::consoles::Step;
use crate::pages::root;

/// The timeout of every wait; a test that reaches it has failed.
const TIMEOUT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// What the pages start the simulated providers with. Here they run in the test.
const SIMULATOR: &str = "cargo run -q -p simulator -- --listen ";

/// The terminals of a reader: a folder, the servers that run in it, and what was exported.
///
/// Servers listen on free ports here. The addresses of the page stand for them, in commands and output.
pub(crate) struct Session {
    folder: PathBuf,
    exports: String,
    /// Addresses, as the page has them and as they are.
    addresses: Vec<(String, String)>,
    servers: Vec<Server>,
    runtime: Runtime,
    simulators: Vec<Simulator>,
}

/// A `certhooks local` that runs until the end of the page.
struct Server {
    process: Child,
    /// The state folder.
    state: PathBuf,
}

impl Session {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("certhooks-handbook-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        for name in ["events", "shared", "infra"] {
            symlink(root().join(name), folder.join(name)).unwrap();
        }
        Self {
            folder,
            exports: String::new(),
            addresses: Vec::new(),
            servers: Vec::new(),
            runtime: Runtime::new().unwrap(),
            simulators: Vec::new(),
        }
    }

    /// Runs a step. The error says how what happened differs from what the page shows.
    pub(crate) fn run(&mut self, step: &Step<'_>) -> Result<(), String> {
        let command = without_build(step.command);
        let command = command.trim_end_matches(" &");
        if let Some(address) = command.strip_prefix(SIMULATOR) {
            let start = Simulator::start("127.0.0.1:0".parse().unwrap(), Settings::default());
            let simulator = self.runtime.block_on(start).unwrap();
            self.addresses.push((address.to_owned(), simulator.address().to_string()));
            self.simulators.push(simulator);
            return Ok(());
        }
        let command = self
            .addresses
            .iter()
            .fold(command.to_owned(), |text, (shown, real)| text.replace(shown, real));
        if command.starts_with("certhooks local") {
            return self.serve(&command, step);
        }
        if command.starts_with("export ") {
            self.exports += &format!("{command}\n");
        }
        let (status, text) = self.output(&command);
        if status != Some(step.status) {
            return Err(format!("exit status {status:?}:\n{text}"));
        }
        // What is shown without output is run for its exit status alone.
        if step.output.is_empty() { Ok(()) } else { self.compare(&text, step) }
    }

    /// The exit status of a command, and what it prints, once the servers are done with every event.
    pub(crate) fn output(&self, command: &str) -> (Option<i32>, String) {
        self.settle();
        let output = self.shell(&format!("exec 2>&1\n{command}")).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    fn compare(&self, text: &str, step: &Step<'_>) -> Result<(), String> {
        let text = self
            .addresses
            .iter()
            .fold(text.to_owned(), |text, (shown, real)| text.replace(real, shown));
        let shown = step.output.join("\n") + "\n";
        let compared = Assert::new().try_eq(None, text.clone().into_data(), shown.into_data());
        compared.map_err(|difference| format!("{difference}\nit printed:\n{text}"))
    }

    /// Starts a server, and waits until it listens and has printed what is shown.
    fn serve(&mut self, command: &str, step: &Step<'_>) -> Result<(), String> {
        let shown = option(command, "--listen ").unwrap_or("127.0.0.1:3000").to_owned();
        let shown_admin = option(command, "--admin ").unwrap_or("127.0.0.1:3001").to_owned();
        let state = self.folder.join(option(command, "--state ").unwrap_or(".certhooks"));
        let command = command.replace(&shown, "127.0.0.1:0").replace(&shown_admin, "127.0.0.1:0");
        let mut process = self
            .shell(&format!("exec {command}"))
            .env("RUST_LOG", "info")
            .env("CERTHOOKS_LISTEN", "127.0.0.1:0")
            .env("CERTHOOKS_ADMIN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let address = listening(process.stderr.take().unwrap());
        let output = collect(process.stdout.take().unwrap());
        self.servers.push(Server { process, state });
        let (address, admin) =
            address.recv_timeout(TIMEOUT).map_err(|_| "it did not start".to_owned())?;
        self.addresses.extend([(shown, address), (shown_admin, admin)]);
        let until = Instant::now() + TIMEOUT;
        loop {
            let text = output.lock().unwrap().clone();
            let compared = if step.output.is_empty() { Ok(()) } else { self.compare(&text, step) };
            if compared.is_ok() || Instant::now() > until {
                return compared;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until every accepted event is delivered: a reader is slower than a worker.
    fn settle(&self) {
        let until = Instant::now() + TIMEOUT;
        for server in &self.servers {
            while waiting(&server.state) > 0 && Instant::now() < until {
                thread::sleep(PAUSE);
            }
        }
    }

    /// A shell in the folder of the session, with the compiled command, and no setting from outside.
    fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_certhooks"));
        let path = std::env::var("PATH").unwrap();
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("{}{script}", self.exports)]);
        shell.current_dir(&self.folder).stdin(Stdio::null()).env_clear();
        shell.env("PATH", format!("{}:{path}", program.parent().unwrap().display()));
        shell
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.process.kill();
            let _ = server.process.wait();
        }
        for simulator in self.simulators.drain(..) {
            self.runtime.block_on(simulator.stop());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The value of an option of a command.
fn option<'a>(command: &'a str, name: &str) -> Option<&'a str> {
    command.split_once(name)?.1.split(' ').next()
}

/// The command that `make run` starts, without the build, which the test has done; any other as it is.
fn without_build(command: &str) -> String {
    if command != "make run" {
        return command.to_owned();
    }
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let recipe = makefile.split("\nrun: ").nth(1).unwrap();
    let (_, arguments) =
        recipe.split_once("cargo run -q --locked -p certhooks --features simulator -- ").unwrap();
    format!("certhooks {}", arguments.lines().next().unwrap())
}

/// The addresses of the webhook endpoints and of health and metrics, as soon as the log names them.
fn listening(log: impl Read + Send + 'static) -> mpsc::Receiver<(String, String)> {
    let (found, address) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if line["message"] == "listening" {
                let of = |name: &str| line[name].as_str().unwrap().to_owned();
                let _ = found.send((of("address"), of("admin")));
            }
        }
    });
    address
}

/// What is printed, as it comes.
fn collect(output: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let collected = Arc::new(Mutex::new(String::new()));
    let text = Arc::clone(&collected);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            *text.lock().unwrap() += &format!("{line}\n");
        }
    });
    collected
}

/// The number of messages on the events queue of a state folder.
fn waiting(state: &Path) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(state.join("certhooks.db"), flags).unwrap();
    database.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap()
}
