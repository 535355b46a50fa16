use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use harness::{AwsStubs, EVENTS_QUEUE, Folder, lambda_variables};

use crate::event::{Event, SECRET};
use crate::process;
use crate::quota::CpuQuota;
use crate::side::{Roots, Side};

/// The files in which Linux distributions keep the trusted roots.
const SYSTEM_ROOTS: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// The processor of the measured program.
pub(crate) const MEASURED: usize = 1;
/// The processor of this process, which includes the endpoints.
const SURROUNDINGS: usize = 0;

/// Waits for a line before it executes the program, so that the limits are set and the clock runs first.
const GATE: &str = "read -r go; exec \"$@\"";

/// The surroundings of the sides: the endpoints, the files of trusted roots, the processor.
pub struct Stage {
    pub endpoints: AwsStubs,
    pub cpu_quota: CpuQuota,
    folder: Folder,
    events: AtomicU64,
    is_pinned: bool,
}

impl Stage {
    /// # Errors
    /// A socket or a temporary file cannot be made.
    pub async fn set() -> Result<Self> {
        let secret = serde_json::json!({ "webhook_key": SECRET, "api_key": "sample-api-key" });
        let endpoints = AwsStubs::start(&secret.to_string()).await?;
        let folder = Folder::new()?;
        let is_pinned = process::pin(std::process::id(), SURROUNDINGS);
        let events = AtomicU64::new(0);
        let stage = Self { endpoints, cpu_quota: CpuQuota::new(), folder, events, is_pinned };
        let roots = SYSTEM_ROOTS.iter().find_map(|file| fs::read_to_string(file).ok());
        let authority = stage.endpoints.ca_pem();
        fs::write(stage.trust(Roots::CompiledIn), authority)?;
        let all = format!("{authority}{}", roots.unwrap_or_default());
        fs::write(stage.trust(Roots::Parsed), all)?;
        Ok(stage)
    }

    /// A new webhook.
    pub(crate) fn event(&self) -> Result<Event> {
        Event::new(self.events.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether the system's roots were found, for the sides that parse them.
    pub fn has_system_roots(&self) -> bool {
        let length = |roots| fs::metadata(self.trust(roots)).map_or(0, |file| file.len());
        length(Roots::Parsed) > length(Roots::CompiledIn)
    }

    /// Whether the measured program has a processor of its own.
    pub fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    /// A temporary folder, which is removed with the stage.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn trust(&self, roots: Roots) -> PathBuf {
        self.folder().join(match roots {
            Roots::CompiledIn => "authority.pem",
            Roots::Parsed => "authority-and-roots.pem",
        })
    }

    /// The command that starts a side behind the gate, with the variables that Lambda and the template set, and
    /// `own`.
    pub(crate) fn command(
        &self,
        side: &Side,
        runtime_api: &str,
        own: &[(String, String)],
    ) -> Result<Command> {
        let output = File::create(self.log(side))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", GATE, "gate"])
            .args(&side.command)
            .current_dir(&side.folder)
            .env_clear()
            .envs(lambda_variables(side.name, runtime_api))
            .envs(self.endpoints.environment())
            .env("LAMBDA_TASK_ROOT", &side.folder)
            .env("EVENTS_QUEUE_URL", self.endpoints.queue_url(EVENTS_QUEUE))
            .env("WEBHOOK_SECRET_ID", "certhooks/webhook")
            .env(side.trust, self.trust(side.roots))
            .envs(own.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        Ok(command)
    }

    /// The file with the output of the side.
    pub(crate) fn log(&self, side: &Side) -> PathBuf {
        self.folder().join(format!("{}.log", side.name))
    }
}
