use std::io::{BufRead, BufReader, PipeReader, Read, Write, pipe};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use embedded::Delivered;
use providers::profile;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::display::one_line;
use crate::forward::signature;
use crate::forward::target::Failure;
use crate::output::complain;

/// Maximum interval between two looks at whether a command has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// Maximum length of a line that is printed as one.
const LINE_LIMIT: u64 = 64 * 1024;

/// A command that is run for each event.
pub(crate) struct Exec {
    command: String,
    timeout: Duration,
    cancelled: Arc<AtomicBool>,
}

impl Exec {
    pub(crate) fn new(command: String, timeout: Duration) -> Self {
        Self { command, timeout, cancelled: Arc::default() }
    }

    /// Kills what is running.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn run(&self, delivered: &Delivered) -> Result<(), Failure> {
        let (mut command, output) = match self.prepare(delivered) {
            Ok(prepared) => prepared,
            Err(error) => return Err(Failure::of(format!("cannot be started: {error}"))),
        };
        let line = format!("{}\n", one_line(&delivered.body));
        let (timeout, cancelled) = (self.timeout, Arc::clone(&self.cancelled));
        let ended = tokio::task::spawn_blocking(move || {
            let child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
            // This holds the other end of the pipe, and so the output would not end.
            drop(command);
            thread::spawn(move || print(output));
            wait(child, line, timeout, &cancelled)
        });
        match ended.await.unwrap_or_else(|error| Err(format!("cannot be started: {error}"))) {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::of(match (status.code(), status.signal()) {
                (Some(code), _) => format!("exit status {code}"),
                (None, signal) => format!("ended by signal {}", signal.unwrap_or_default()),
            })),
            Err(reason) => Err(Failure::of(reason)),
        }
    }

    /// The command in a process group of its own, so that a time-out ends all that it started, and Ctrl-C
    /// at a terminal does not end it. Also the pipe with its output.
    fn prepare(&self, delivered: &Delivered) -> std::io::Result<(Command, PipeReader)> {
        let (output, input) = pipe()?;
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.command])
            .env("CERTHOOKS_EVENT_ID", &delivered.id)
            .env("CERTHOOKS_EVENT_TYPE", &delivered.kind)
            .stdin(Stdio::piped())
            .stdout(input.try_clone()?)
            .stderr(input)
            .process_group(0);
        for variable in secret_variables() {
            command.env_remove(variable);
        }
        Ok((command, output))
    }
}

/// The variables that may hold a secret of Certhooks.
fn secret_variables() -> impl Iterator<Item = &'static str> {
    let providers = profile::ALL.iter().flat_map(|profile| {
        let webhook = profile.webhook_secret.iter().map(|member| member.variable);
        webhook.chain([profile.api.secret.variable])
    });
    providers.chain([signature::VARIABLE])
}

/// Waits for the end of a command, and kills its process group after the time-out. The thread that reaps
/// the process is the one that kills it, so that no other process can have its id by then.
fn wait(
    mut child: Child,
    line: String,
    timeout: Duration,
    cancelled: &AtomicBool,
) -> Result<ExitStatus, String> {
    let until = Instant::now() + timeout;
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read would block this one.
        thread::spawn(move || {
            // It need not read its input.
            let _closed = input.write_all(line.as_bytes());
        });
    }
    let mut pause = Duration::from_millis(1);
    loop {
        let waited = child.try_wait().map_err(|error| format!("cannot be waited for: {error}"))?;
        let is_cancelled = cancelled.load(Ordering::Relaxed);
        if let Some(status) = waited {
            return Ok(status);
        }
        if is_cancelled || Instant::now() >= until {
            let _ended = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _reaped = child.wait();
            return Err(match is_cancelled {
                true => "stopped".to_owned(),
                false => format!(
                    "no end within {}; its process group was killed",
                    humantime::format_duration(timeout)
                ),
            });
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Prints the output of a command on standard error, as text only: it may repeat what came from outside.
fn print(output: PipeReader) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match output.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => complain!("{}", String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])),
        }
    }
}
