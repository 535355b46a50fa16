use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use harness::{AwsStubs, EVENTS_QUEUE, Function, InvocationResult, lambda_variables, sample};

/// Number of runs of a function, of which the lowest count is taken. On a busy machine an attempt may
/// time out and be repeated, which adds instructions that are not the function's.
const RUNS: usize = 5;

/// The secrets that the samples in `events/lambda` are signed with.
const SECRETS: &str = r#"{
    "webhook_key": "sample-webhook-key-of-32-characters-or-more",
    "webhook_auth": "sample-webhook-auth",
    "app_secret": "sample-app-secret",
    "verify_token": "sample-verify-token"
}"#;

/// Runs functions under callgrind, with AWS endpoints on TLS around them.
pub struct InstructionCounter {
    endpoints: AwsStubs,
    /// File with the certificate authority of the endpoints.
    authority: PathBuf,
}

impl InstructionCounter {
    /// # Errors
    /// A socket or a temporary file cannot be made.
    pub async fn start() -> Result<Self> {
        let endpoints = AwsStubs::start(SECRETS).await?;
        let name = format!("certhooks-perf-regression-{}.pem", std::process::id());
        let authority = std::env::temp_dir().join(name);
        fs::write(&authority, endpoints.ca_pem())
            .with_context(|| authority.display().to_string())?;
        Ok(Self { endpoints, authority })
    }

    /// Counts the instructions from the start of `binary`, a webhook function, to its first
    /// acknowledgement.
    ///
    /// # Errors
    /// The function does not start, or does not acknowledge.
    pub async fn count(&self, binary: &Path) -> Result<u64> {
        let mut lowest = u64::MAX;
        for _ in 0..RUNS {
            lowest = lowest.min(self.run(binary).await?);
        }
        Ok(lowest)
    }

    async fn run(&self, binary: &Path) -> Result<u64> {
        let name = binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let provider = name.strip_suffix("-webhook").context("not a webhook function")?;
        let event = sample(&format!("{provider}.rest.json"))?;
        let mut function = Function::launch(|api| self.command(binary, &name, api)).await?;
        match function.invoke(event).await? {
            InvocationResult::Response(answer) if answer["statusCode"] == 200 => {}
            answer => bail!("{name} did not acknowledge: {answer:?}"),
        }
        let child = function.child();
        // Callgrind prints its count on SIGTERM, not when it is killed.
        let ended = Command::new("kill").arg(child.id().to_string()).status()?;
        ensure!(ended.success(), "{name} had already ended");
        child.wait()?;
        let (_, output) = function.kill()?;
        collected(&output)
            .with_context(|| format!("callgrind printed no count for {name}: {output}"))
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
            .env("AWS_CA_BUNDLE", &self.authority)
            .env("EVENTS_QUEUE_URL", self.endpoints.queue_url(EVENTS_QUEUE))
            .env("WEBHOOK_SECRET_ID", "certhooks/webhook")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for InstructionCounter {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.authority);
    }
}

/// The count in callgrind's line `==123== Collected : 9201234`.
fn collected(output: &str) -> Option<u64> {
    output.lines().find_map(|line| line.split("Collected : ").nth(1)?.trim().parse().ok())
}
