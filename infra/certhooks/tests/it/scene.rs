use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::digicert::stage::{Ended, write_private};
use crate::harness::{Folder, Local, NO_SECRETS, command};
use crate::providers::{api_variables, expect_keys};

pub(crate) const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
pub(crate) const APP: &str = "1234567890";
pub(crate) const VIEW_ONLY_KEY: &str = "canary-view-only-api-key";
/// Cloudflare's secret in `secrets.json`.
pub(crate) const FIRST_AUTH: &str = "canary-first-webhook-auth";
const SECRETS: [(&str, &str); 4] = [
    ("digicert_webhook_key", "canary-first-webhook-key-0123456789abcdef"),
    ("cloudflare_webhook_auth", FIRST_AUTH),
    ("meta_app_secret", "canary-first-app-secret"),
    ("meta_verify_token", "canary-first-verify-token"),
];

/// The simulated providers, and the state folder that `certhooks local` and the commands share.
pub(crate) struct Scene {
    pub(crate) simulator: Simulator,
    pub(crate) state: Arc<Folder>,
    /// Bases, API keys and budgets.
    apis: BTreeMap<&'static str, String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let mut settings = Settings {
            digicert_view_only_key: Some(VIEW_ONLY_KEY.into()),
            subscribed_domains: Vec::new(),
            ..settings
        };
        expect_keys(&mut settings);
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
        let apis = api_variables(&simulator);
        let scene = Self { simulator, state: Arc::new(Folder::new()), apis };
        scene.store(&SECRETS.map(|(name, value)| (name, Some(value))));
        scene
    }

    /// Starts `certhooks local` on the state folder, with the secrets of `secrets.json`.
    pub(crate) fn local(&self) -> Local {
        self.local_with(&[])
    }

    pub(crate) fn local_with(&self, variables: &[(&str, &str)]) -> Local {
        let mut all = self.variables();
        all.extend(variables.iter().copied());
        let all: Vec<_> = all.into_iter().collect();
        Local::start_in(Arc::clone(&self.state), &all, &[])
    }

    /// Starts `certhooks local` on another state folder.
    pub(crate) fn local_elsewhere(&self) -> Local {
        let all: Vec<_> = self.variables().into_iter().collect();
        Local::start_in(Arc::new(Folder::new()), &all, &[])
    }

    /// Runs `certhooks` with the state folder and valid API keys, and waits for its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(&[], arguments)
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        self.ended(self.spawn(variables, arguments).wait_with_output().unwrap())
    }

    pub(crate) fn spawn(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Child {
        let mut command = command(&[]);
        command.envs(self.variables()).envs(variables.iter().copied());
        command.args(arguments).arg("--state").arg(self.state.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs a line as it is printed for an operator, who has `certhooks` on the path.
    pub(crate) fn shell(&self, line: &str) -> Ended {
        self.ended(self.shell_command(line).output().unwrap())
    }

    pub(crate) fn shell_command(&self, line: &str) -> Command {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_certhooks"));
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        let mut command = Command::new("sh");
        command.args(["-c", line]).env_clear().envs(self.variables()).env("PATH", path);
        command.stdin(Stdio::null());
        command
    }

    fn variables(&self) -> BTreeMap<&str, &str> {
        let mut all = BTreeMap::from_iter(NO_SECRETS.iter().copied());
        all.extend(self.apis.iter().map(|(name, value)| (*name, value.as_str())));
        all.extend([("CLOUDFLARE_ACCOUNT_ID", ACCOUNT), ("META_APP_ID", APP)]);
        all
    }

    /// Asserts that the output of a command holds no secret.
    fn ended(&self, Output { status, stdout, stderr }: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(stdout), text(stderr));
        // API keys and many other secrets of the tests begin so.
        for secret in self.secrets().into_values().chain(["canary-".to_owned()]) {
            assert!(!out.contains(&secret) && !err.contains(&secret), "a secret\n{out}\n{err}");
        }
        Ended { code: status.code().unwrap(), out, err }
    }

    /// The members of `secrets.json`.
    pub(crate) fn secrets(&self) -> BTreeMap<String, String> {
        let file = self.state.path().join("secrets.json");
        let bytes = std::fs::read(file).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Changes members of `secrets.json`, or removes them.
    pub(crate) fn store(&self, changes: &[(&str, Option<&str>)]) {
        let mut secrets = self.secrets();
        for (name, value) in changes {
            match value {
                Some(value) => drop(secrets.insert((*name).to_owned(), (*value).to_owned())),
                None => drop(secrets.remove(*name)),
            }
        }
        write_private(&self.state.path().join("secrets.json"), &json!(secrets).to_string());
    }

    /// The requests to the providers that may change something, as `METHOD path`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let mut seen = self.simulator.requests().recent();
        seen.retain(|seen| seen.method != "GET");
        seen.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    /// The JSON lines of a command, which must succeed.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        json_lines(&self.run(&[arguments, &["--json"]].concat()).done())
    }
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
