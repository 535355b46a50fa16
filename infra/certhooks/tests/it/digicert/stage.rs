use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::Arc;

use reqwest::Client;
use serde_json::Value;
use simulator::{Settings, Simulator};

use crate::harness::{Folder, Local, command};

pub(super) const API_KEY: &str = "canary-digicert-api-key";
pub(super) const VIEW_ONLY: &str = "canary-view-only-api-key";
/// The webhook key in `secrets.json`, which is used where no variable is set.
pub(super) const FIRST_KEY: &str = "canary-first-webhook-key-0123456789abcdef";

/// A simulated CertCentral, and the state folder of `certhooks local` and the commands.
pub(super) struct Stage {
    pub(super) simulator: Simulator,
    pub(super) state: Arc<Folder>,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let settings = Settings {
            digicert_api_key: Some(API_KEY.into()),
            digicert_view_only_key: Some(VIEW_ONLY.into()),
            ..Settings::default()
        };
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
        let state = Arc::new(Folder::new());
        let secrets = serde_json::json!({ "digicert_webhook_key": FIRST_KEY }).to_string();
        write_private(&state.path().join("secrets.json"), &secrets);
        Self { simulator, state }
    }

    /// Starts `certhooks local` on the state folder, with the key of `secrets.json`.
    pub(super) fn start_local(&self) -> Local {
        self.start_local_with(&[])
    }

    pub(super) fn start_local_with(&self, variables: &[(&str, &str)]) -> Local {
        let base = self.simulator.digicert_base();
        let mut all = vec![
            ("DIGICERT_WEBHOOK_KEY", ""),
            ("DIGICERT_API_BASE", base.as_str()),
            ("DIGICERT_API_KEY", API_KEY),
            ("DIGICERT_API_BUDGET", "none"),
        ];
        all.extend(variables);
        Local::start_in(Arc::clone(&self.state), &all, &[])
    }

    /// Starts a `certhooks local` that reconciles every second.
    pub(super) fn start_reconciling_local(&self) -> Local {
        let base = self.simulator.digicert_base();
        let variables = [
            ("DIGICERT_API_BASE", base.as_str()),
            ("DIGICERT_API_KEY", API_KEY),
            ("DIGICERT_WEBHOOK_KEY", ""),
        ];
        Local::start_in(Arc::clone(&self.state), &variables, &["--reconcile-every", "1s"])
    }

    /// `certhooks digicert webhook` with the state folder and a good API key.
    pub(super) fn webhook(&self, arguments: &[&str]) -> Ended {
        self.webhook_with(&[], arguments)
    }

    pub(super) fn webhook_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let output = self.spawn(variables, arguments).wait_with_output().unwrap();
        self.ended(output)
    }

    /// With `input` on standard input.
    pub(super) fn webhook_fed(
        &self,
        variables: &[(&str, &str)],
        arguments: &[&str],
        input: &str,
    ) -> Ended {
        let mut child = self.spawn(variables, arguments);
        // A command that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        self.ended(child.wait_with_output().unwrap())
    }

    pub(super) fn spawn(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Child {
        self.spawn_as(&["digicert", "webhook"], variables, arguments)
    }

    /// `certhooks reconcile` with the state folder.
    pub(super) fn reconcile(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let child = self.spawn_as(&["reconcile"], variables, arguments);
        self.ended(child.wait_with_output().unwrap())
    }

    fn spawn_as(&self, words: &[&str], variables: &[(&str, &str)], arguments: &[&str]) -> Child {
        let base = self.simulator.digicert_base();
        let defaults = BTreeMap::from([
            ("DIGICERT_WEBHOOK_KEY", ""),
            ("DIGICERT_API_BASE", base.as_str()),
            ("DIGICERT_API_KEY", API_KEY),
        ]);
        let mut command = command(&[]);
        command.envs(defaults).envs(variables.iter().copied());
        command.args(words).args(arguments).arg("--state").arg(self.state.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// The standard output of a command that must succeed.
    pub(super) fn done(&self, arguments: &[&str]) -> String {
        self.webhook(arguments).done()
    }

    /// Checks that the output of a command contains no secret.
    fn ended(&self, Output { status, stdout, stderr }: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr));
        let mut secrets = vec![API_KEY.to_owned(), VIEW_ONLY.to_owned(), FIRST_KEY.to_owned()];
        secrets.extend(self.secrets().into_values());
        for secret in secrets {
            assert!(!out.contains(&secret) && !err.contains(&secret), "a secret\n{out}\n{err}");
        }
        Ended { code: status.code().unwrap(), out, err }
    }

    /// The members of `secrets.json`.
    pub(super) fn secrets(&self) -> BTreeMap<String, String> {
        serde_json::from_slice(&std::fs::read(self.secrets_file()).unwrap()).unwrap()
    }

    /// Adds a member to `secrets.json`.
    pub(super) fn store(&self, name: &str, value: &str) {
        let mut secrets = self.secrets();
        secrets.insert(name.to_owned(), value.to_owned());
        write_private(&self.secrets_file(), &serde_json::to_string(&secrets).unwrap());
    }

    fn secrets_file(&self) -> PathBuf {
        self.state.path().join("secrets.json")
    }

    /// Writes a file in the state folder that only this user can read.
    pub(super) fn file(&self, name: &str, content: &str) -> String {
        let path = self.state.path().join(name);
        write_private(&path, content);
        path.to_str().unwrap().to_owned()
    }

    /// The account's webhook at CertCentral, with its secret in clear text.
    pub(super) async fn remote_webhook(&self) -> Value {
        let url = format!("{}/webhook", self.simulator.digicert_base());
        let answer = Client::new().get(url).header("X-DC-DEVKEY", API_KEY).send().await.unwrap();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        body["webhooks"][0].clone()
    }

    /// The calls that CertCentral received, in order, with `ID` for the id of the webhook.
    pub(super) fn calls(&self) -> Vec<String> {
        let seen = self.simulator.requests().recent();
        let path = |path: &str| path.replace("/services/v2/", "").replace("12345", "ID");
        seen.iter().map(|seen| format!("{} {}", seen.method, path(&seen.path))).collect()
    }

    /// The calls that may have changed something at CertCentral.
    pub(super) fn changes(&self) -> Vec<String> {
        let mut calls = self.calls();
        calls.retain(|call| !call.starts_with("GET ") && !call.ends_with("test-endpoint"));
        calls
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Checks that a command failed before it did anything, with this exit status and one line that contains
    /// `expected`.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, expected: &str) {
        self.ended_badly(code, expected);
        assert_eq!(self.out, "");
    }

    /// As [`refused`](Self::refused), but steps may have succeeded before.
    #[track_caller]
    pub(crate) fn ended_badly(&self, code: i32, expected: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(expected), "{expected}: {self:?}");
        assert_eq!(self.err.lines().count(), 1, "one clear line: {self:?}");
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Name and `outcome` of each step that a command prints with `--json`.
pub(crate) fn steps(out: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let step = |line: &str| -> (String, String) {
        let step: Value = serde_json::from_str(line).unwrap();
        (text(&step["step"]), text(&step["outcome"]))
    };
    out.lines().map(step).collect()
}

/// The expected steps, in the form that [`steps`] returns.
pub(crate) fn of<const N: usize>(steps: [(&str, &str); N]) -> Vec<(String, String)> {
    steps.map(|(step, outcome)| (step.to_owned(), outcome.to_owned())).into()
}

pub(crate) fn write_private(path: &Path, content: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).unwrap().write_all(content.as_bytes()).unwrap();
}
