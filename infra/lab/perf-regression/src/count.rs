use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use harness::{AwsStubs, EVENTS_QUEUE, Function, InvocationResult, lambda_variables, sample};

/// Of a function; the least counts. On a busy machine an attempt may time out and be repeated, which
/// adds instructions that are not the function's.
const RUNS: usize = 5;

/// The secrets of `events/lambda`.
const SECRETS: &str = r#"{
    "webhook_key": "sample-webhook-key-of-32-characters-or-more",
    "webhook_auth": "sample-webhook-auth",
    "app_secret": "sample-app-secret",
    "verify_token": "sample-verify-token"
}"#;

/// The AWS stubs on TLS, and the file of whom to trust.
pub struct Stage {
    endpoints: AwsStubs,
    trust: PathBuf,
}

impl Stage {
    /// # Errors
    /// No socket, or no temporary file, can be made.
    pub async fn set() -> Result<Self> {
        let endpoints = AwsStubs::start(SECRETS).await?;
        let name = format!("certhooks-guard-{}.pem", std::process::id());
        let trust = std::env::temp_dir().join(name);
        fs::write(&trust, endpoints.ca_pem()).with_context(|| trust.display().to_string())?;
        Ok(Self { endpoints, trust })
    }

    /// Instructions from the start of `binary`, a webhook function, to its first acknowledgement.
    ///
    /// # Errors
    /// It does not start, or does not acknowledge.
    pub async fn instructions(&self, binary: &Path) -> Result<u64> {
        let mut least = u64::MAX;
        for _ in 0..RUNS {
            least = least.min(self.run(binary).await?);
        }
        Ok(least)
    }

    async fn run(&self, binary: &Path) -> Result<u64> {
        let name = binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let provider = name.strip_suffix("-webhook").context("is no webhook function")?;
        let event = sample(&format!("{provider}.rest.json"))?;
        let mut function = Function::launch(|api| self.command(binary, &name, api)).await?;
        match function.invoke(event).await? {
            InvocationResult::Response(answer) if answer["statusCode"] == 200 => {}
            answer => bail!("{name} did not acknowledge: {answer:?}"),
        }
        let child = function.child();
        // Only a polite end makes callgrind tell.
        let ended = Command::new("kill").arg(child.id().to_string()).status()?;
        ensure!(ended.success(), "{name} ended by itself");
        child.wait()?;
        let (_, told) = function.kill()?;
        collected(&told).with_context(|| format!("callgrind told no count for {name}: {told}"))
    }

    fn command(&self, binary: &Path, name: &str, api: &str) -> Command {
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(binary)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(lambda_variables(name, api))
            .envs(self.endpoints.environment())
            .env("AWS_CA_BUNDLE", &self.trust)
            .env("EVENTS_QUEUE_URL", self.endpoints.queue_url(EVENTS_QUEUE))
            .env("WEBHOOK_SECRET_ID", "certhooks/webhook")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.trust);
    }
}

/// Of `==123== Collected : 9201234`.
fn collected(told: &str) -> Option<u64> {
    told.lines().find_map(|line| line.split("Collected : ").nth(1)?.trim().parse().ok())
}
