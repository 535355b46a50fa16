use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use contract::Contract;
use data_encoding::HEXLOWER;
use embedded::{Options, State};
use ports::ArchiveReader;
use providers::profile::{self, Profile};
use providers::secret_member::SecretMember;
use ring::hmac;
use rusqlite::{Connection, OpenFlags};
use secrecy::SecretString;
use serde_json::{Value, json};

pub(crate) use crate::folder::Folder;
use crate::wire::{Request, connect};

pub(crate) const DIGICERT_KEY: &str = "canary-digicert-webhook-key-0123456789abcdef";
pub(crate) const CLOUDFLARE_AUTH: &str = "canary-cloudflare-webhook-auth";
pub(crate) const META_SECRET: &str = "canary-meta-app-secret";
pub(crate) const META_TOKEN: &str = "canary-meta-verify-token";

/// Unsets the variables of the webhook secrets, so that those of `secrets.json` count.
pub(crate) static NO_SECRETS: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| webhook_members().map(|member| (member.variable, "")).collect());

/// The members of every provider's webhook secret.
fn webhook_members() -> impl Iterator<Item = &'static SecretMember> {
    profile::ALL.iter().flat_map(|row| row.webhook_secret)
}

/// The value of a member of a webhook secret, for all that [`command`] starts: those above, and the like.
fn webhook_secret(member: &SecretMember) -> String {
    match member.name {
        "digicert_webhook_key" => DIGICERT_KEY.to_owned(),
        name => format!("canary-{}", name.replace('_', "-")),
    }
}

/// The values of all of them.
pub(crate) fn webhook_secrets() -> impl Iterator<Item = String> {
    webhook_members().map(webhook_secret)
}

/// The webhook secret of a provider, as it is stored on AWS.
pub(crate) fn stored_secret(row: &Profile) -> SecretString {
    let members = row.webhook_secret.iter();
    let members =
        members.map(|member| (member.stored_as.to_owned(), webhook_secret(member).into()));
    Value::Object(members.collect()).to_string().into()
}

/// The timeout of every wait; a test that reaches it has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running `certhooks local`.
pub(crate) struct Local {
    process: Child,
    pub(crate) address: String,
    /// The address of health and metrics.
    pub(crate) admin: String,
    pub(crate) state: Arc<Folder>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Local {
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_in(Arc::new(Folder::new()), variables, &[])
    }

    /// Starts with simulated providers, and with the webhook secrets of [`command`] in `secrets.json`.
    pub(crate) fn simulated() -> Self {
        Self::start_in(Arc::new(folder_with_secrets()), &NO_SECRETS, &["--simulate"])
    }

    /// Starts at the address of an earlier process, with the secrets of `secrets.json`.
    pub(crate) fn start_at(state: Arc<Folder>, address: &str) -> Self {
        Self::launch(state, &NO_SECRETS, address, &[])
    }

    /// With health and metrics at `address`.
    pub(crate) fn start_with_admin(address: &str) -> Self {
        let state = Arc::new(Folder::new());
        Self::run_with_admin(command(&[]), state, "127.0.0.1:0", address, &[])
    }

    pub(crate) fn start_in(
        state: Arc<Folder>,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        Self::launch(state, variables, "127.0.0.1:0", arguments)
    }

    /// Starts with a limit of file descriptors.
    pub(crate) fn with_descriptors(state: Arc<Folder>, limit: u32) -> Self {
        let limited = command(&[]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh"]);
        shell.arg(limited.get_program()).env_clear();
        shell.envs(limited.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::run(shell, state, "127.0.0.1:0", &[])
    }

    fn launch(
        state: Arc<Folder>,
        variables: &[(&str, &str)],
        listen: &str,
        arguments: &[&str],
    ) -> Self {
        Self::run(command(variables), state, listen, arguments)
    }

    fn run(command: Command, state: Arc<Folder>, listen: &str, arguments: &[&str]) -> Self {
        Self::run_with_admin(command, state, listen, "127.0.0.1:0", arguments)
    }

    fn run_with_admin(
        mut command: Command,
        state: Arc<Folder>,
        listen: &str,
        admin: &str,
        arguments: &[&str],
    ) -> Self {
        let mut process = command
            .args(["local", "--listen", listen, "--admin", admin, "--state"])
            .arg(state.path())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (listening, address) = mpsc::channel();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
                if parsed["message"] == "listening" {
                    let of = |name: &str| parsed[name].as_str().unwrap().to_owned();
                    let _ = listening.send((of("address"), of("admin")));
                }
                kept.lock().unwrap().push(line);
            }
        });
        let (address, admin) = address.recv_timeout(TIMEOUT).unwrap_or_else(|_| {
            panic!("certhooks local did not start: {:#?}", log.lock().unwrap());
        });
        Self { process, address, admin, state, log }
    }

    pub(crate) fn url(&self, route: &str) -> String {
        format!("http://{}{route}", self.address)
    }

    /// The status and the body that the address of health and metrics answers to a `GET`.
    pub(crate) fn admin(&self, path: &str) -> (u16, String) {
        let answer = Request::new("GET", path).send_over(connect(&self.admin));
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// The log lines so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The log lines that `wanted` selects; waits until there are at least `count` of them.
    pub(crate) fn logged(&self, count: usize, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let until = Instant::now() + TIMEOUT;
        loop {
            let lines = self.log().into_iter().map(|line| serde_json::from_str(&line).unwrap());
            let lines: Vec<Value> = lines.filter(&wanted).collect();
            if lines.len() >= count {
                return lines;
            }
            let log = || self.log().join("\n");
            assert!(Instant::now() < until, "{} of {count} lines\n{}", lines.len(), log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the events queue is empty, that is, until every accepted event is finished.
    pub(crate) fn settle(&self) {
        let file = self.state.path().join("certhooks.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(file, flags).unwrap();
        let until = Instant::now() + TIMEOUT;
        loop {
            let count = "SELECT count(*) FROM messages";
            let left: i64 = database.query_row(count, [], |row| row.get(0)).unwrap();
            if left == 0 {
                return;
            }
            let log = || self.log().join("\n");
            assert!(Instant::now() < until, "{left} messages are left\n{}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The delivered certificate events; waits until there are at least `count` of them.
    pub(crate) fn delivered(&self, count: usize) -> Vec<Value> {
        let until = Instant::now() + TIMEOUT;
        loop {
            let events = tail(self.state.path());
            if events.len() >= count {
                return events;
            }
            let log = || self.log().join("\n");
            assert!(Instant::now() < until, "{} of {count} events\n{}", events.len(), log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the process with SIGKILL and returns its state folder.
    pub(crate) fn kill(mut self) -> Arc<Folder> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        Arc::clone(&self.state)
    }

    pub(crate) fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Ends the process with SIGTERM, and returns its exit status and state folder.
    pub(crate) fn stop(mut self) -> (std::process::ExitStatus, Arc<Folder>) {
        self.terminate();
        (self.process.wait().unwrap(), Arc::clone(&self.state))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A state folder with the webhook secrets of [`command`].
pub(crate) fn folder_with_secrets() -> Folder {
    let folder = Folder::new();
    let secrets: BTreeMap<_, _> =
        webhook_members().map(|member| (member.name, webhook_secret(member))).collect();
    crate::digicert::stage::write_private(
        &folder.path().join("secrets.json"),
        &json!(secrets).to_string(),
    );
    folder
}

/// `certhooks` in an environment that has only these variables and the webhook secrets.
pub(crate) fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certhooks"));
    let secrets = webhook_members().map(|member| (member.variable, webhook_secret(member)));
    command.env_clear().envs(secrets).envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

/// Runs `certhooks` and waits for its end.
pub(crate) fn certhooks(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(variables).args(arguments).output().unwrap()
}

/// The delivered events, each of which must keep to the contract with consumers.
pub(crate) fn tail(state: &Path) -> Vec<Value> {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::new().unwrap());
    let events = tail_lines(state).into_iter().map(|line| serde_json::from_str(&line).unwrap());
    let keeps_to_the_contract = |event: &Value| {
        let violations = CONTRACT.violations(event);
        assert!(violations.is_empty(), "{violations:#?}\n{event:#}");
    };
    events.inspect(keeps_to_the_contract).collect()
}

/// The lines that `certhooks tail --json` prints.
pub(crate) fn tail_lines(state: &Path) -> Vec<String> {
    let state = state.to_str().unwrap();
    let output =
        certhooks(&[], &["tail", "--state", state, "--json", "--from-start", "--no-follow"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The archived envelope with this id.
pub(crate) fn archived(local: &Local, provider: &str, id: &str) -> String {
    let mut objects = archive(local.state.path()).into_iter();
    let is_it = |key: &str| key.starts_with(provider) && key.ends_with(&format!("/{id}"));
    objects.find(|(key, _)| is_it(key)).unwrap_or_else(|| panic!("{id} is not archived")).1
}

/// Every object of the archive of a state folder, by its key.
pub(crate) fn archive(state: &Path) -> BTreeMap<String, String> {
    let read = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let archive = State::join(state, Options::default()).unwrap().archive();
            let mut objects = BTreeMap::new();
            for row in profile::ALL {
                for key in archive.list(&format!("{}/", row.provider), "").await.unwrap() {
                    let object = archive.get(&key).await.unwrap().unwrap();
                    objects.insert(key, String::from_utf8(object).unwrap());
                }
            }
            objects
        })
    };
    // The tests themselves run in a runtime, and none may wait in another.
    thread::scope(|scope| scope.spawn(read).join().unwrap())
}

/// The signature header that Meta would send with this body.
pub(crate) fn meta_signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, META_SECRET.as_bytes());
    format!("sha256={}", HEXLOWER.encode(hmac::sign(&key, body).as_ref()))
}

/// The repository's sample events.
pub(crate) fn events_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}
