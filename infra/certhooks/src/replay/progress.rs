use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use tokio::task::JoinSet;

use crate::error::{CommandError, CommandResult};
use crate::output::{complain, say};
use crate::replay::args::Replay;
use crate::replay::attempt::{AttemptResult, replay};
use crate::replay::worker::Replayer;
use crate::stop_signal::StopSignal;

/// Maximum number of events in progress, including those that wait for a retry.
const CONCURRENT: usize = 64;
/// Number of consecutive failures that end the run, since the next event would fail too.
const FAILURE_LIMIT: usize = CONCURRENT;
/// Interval between progress lines.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// The progress of a replay.
struct Progress<'a> {
    arguments: &'a Replay,
    /// The name of the run, which is part of its events' ids.
    run: String,
    /// Keys in order, and whether each is finished. The first one is not.
    open: VecDeque<(String, bool)>,
    /// The last key before which all are finished; a later run can begin after it.
    after: Option<String>,
    replayed: u64,
    failed: u64,
    consecutive_failures: usize,
    /// The value of `after` before the first of the consecutive failures.
    after_before_failures: Option<String>,
    began: Instant,
    last_line: Instant,
}

pub(crate) async fn run(replayer: Replayer, arguments: &Replay) -> CommandResult<ExitCode> {
    let mut progress = Progress {
        arguments,
        run: arguments.run.clone().map_or_else(new_run, Ok)?,
        open: VecDeque::new(),
        after: arguments.after.clone(),
        replayed: 0,
        failed: 0,
        consecutive_failures: 0,
        after_before_failures: None,
        began: Instant::now(),
        last_line: Instant::now(),
    };
    let mut stop_signal = StopSignal::listen_for_first()?;
    let ended = tokio::select! {
        ended = progress.replay_all(replayer) => ended,
        () = stop_signal.received() => Err(CommandError::failed("stopped")),
    };
    let hint = progress.resume_hint();
    match ended {
        Err(error) => Err(hint.into_iter().fold(error, |error, hint| error.followed_by(&hint))),
        Ok(()) => progress.summary(),
    }
}

impl Progress<'_> {
    async fn replay_all(&mut self, replayer: Replayer) -> CommandResult<()> {
        let (mut keys, patience) = (replayer.source.keys(), self.arguments.patience);
        let mut tasks = JoinSet::new();
        while let Some(key) = keys.next().await? {
            while tasks.len() >= CONCURRENT {
                self.join(&mut tasks).await?;
            }
            self.open.push_back((key.clone(), false));
            let (replayer, run) = (replayer.clone(), self.run.clone());
            tasks.spawn(async move {
                let ended = replay(&replayer, &key, &run, patience).await;
                (key, ended)
            });
        }
        while !tasks.is_empty() {
            self.join(&mut tasks).await?;
        }
        Ok(())
    }

    async fn join(&mut self, tasks: &mut JoinSet<(String, AttemptResult)>) -> CommandResult<()> {
        let remaining = PROGRESS_INTERVAL.saturating_sub(self.last_line.elapsed());
        let Ok(joined) = tokio::time::timeout(remaining, tasks.join_next()).await else {
            self.print();
            return Ok(());
        };
        let Some(joined) = joined else { return Ok(()) };
        let (key, ended) =
            joined.map_err(|_| CommandError::failed("panic; the log line above says where"))?;
        self.finish(&key, ended);
        if self.last_line.elapsed() >= PROGRESS_INTERVAL {
            self.print();
        }
        if self.consecutive_failures >= FAILURE_LIMIT {
            return Err(CommandError::failed(format!(
                "{FAILURE_LIMIT} consecutive events could not be replayed"
            )));
        }
        Ok(())
    }

    fn finish(&mut self, key: &str, ended: AttemptResult) {
        match ended {
            AttemptResult::NotSelected => {}
            AttemptResult::Replayed => {
                self.replayed += 1;
                self.consecutive_failures = 0;
            }
            AttemptResult::Failed { id, error } => {
                if self.consecutive_failures == 0 {
                    self.after_before_failures.clone_from(&self.after);
                }
                self.failed += 1;
                self.consecutive_failures += 1;
                if self.arguments.common.json {
                    complain!("{}", json!({ "failed": id, "key": key, "error": error }));
                } else {
                    complain!("certhooks: {id}: not replayed: {error}");
                }
            }
        }
        if let Some(open) = self.open.iter_mut().find(|(open, _)| open == key) {
            open.1 = true;
        }
        while self.open.front().is_some_and(|(_, is_done)| *is_done) {
            self.after = self.open.pop_front().map(|(key, _)| key);
        }
    }

    /// The options with which a later command continues the run. It repeats the consecutive failures at the end.
    fn resume_hint(&self) -> Option<String> {
        let after =
            if self.consecutive_failures > 0 { &self.after_before_failures } else { &self.after };
        after.as_ref().map(|after| format!("continue with --run {} --after {after}", self.run))
    }

    /// Prints the progress on standard error, since standard output may be the target.
    fn print(&mut self) {
        self.last_line = Instant::now();
        let Self { replayed, failed, open, after, .. } = self;
        let waiting = open.iter().filter(|(_, is_done)| !is_done).count();
        let after = after.as_deref().unwrap_or("-");
        let rate = rate(*replayed, self.began);
        if self.arguments.common.json {
            complain!(
                "{}",
                json!({ "replayed": replayed, "per_second": rate, "failed": failed, "under_way": waiting, "after": after })
            );
        } else {
            complain!(
                "certhooks: {replayed} replayed ({rate:.1} a second), {failed} failed, {waiting} in progress; finished up to \
                 {after}"
            );
        }
    }

    fn summary(&self) -> CommandResult<ExitCode> {
        let Self { arguments, replayed, failed, .. } = self;
        if replayed + failed == 0 {
            return Err(CommandError::not_found("the archive has no such event"));
        }
        let text = format!("{replayed} replayed, {failed} failed; run {}", self.run);
        let value = json!({ "replayed": replayed, "failed": failed, "run": self.run });
        let line = if arguments.common.json { value.to_string() } else { text };
        if arguments.to.as_deref() == Some("-") {
            complain!("{line}");
        } else {
            say!("{line}");
        }
        Ok(if *failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Events a second since the beginning.
fn rate(count: u64, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64().max(0.001)
}

/// A name that no other run has.
pub(crate) fn new_run() -> CommandResult<String> {
    let mut bytes = [0; 6];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| CommandError::failed("the operating system returned no random bytes"))?;
    Ok(HEXLOWER.encode(&bytes))
}
