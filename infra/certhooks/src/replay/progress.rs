use std::collections::VecDeque;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::fault::{Fault, Outcome};
use crate::moment::age;
use crate::output::say;
use crate::replay::args::Replay;
use crate::replay::attempt::{Ended, replay};
use crate::replay::candidate_keys::Keys;
use crate::replay::selection::Choice;
use crate::replay::worker::Replaying;

/// Events under way at a time, those that wait for another attempt among them.
const SIDE_BY_SIDE: usize = 64;
/// So many failures in a row are nothing that the next event escapes.
const HOPELESS: usize = SIDE_BY_SIDE;
/// Between two lines that tell how far it is.
const PAUSE: Duration = Duration::from_secs(5);

/// How far it is.
struct Course<'a> {
    words: &'a Replay,
    /// In order of their keys, with whether they have ended.
    open: VecDeque<(String, bool)>,
    /// Every key until here has ended.
    after: Option<String>,
    replayed: u64,
    failed: u64,
    in_a_row: usize,
    /// As `after`, when the first of those in a row failed.
    after_before_row: Option<String>,
    told: Instant,
}

pub(crate) async fn run(
    keys: Keys,
    replaying: Replaying,
    choice: &Choice,
    words: &Replay,
) -> Outcome<ExitCode> {
    let patience = age(&words.patience).and_then(|age| Duration::try_from(age).ok());
    let patience = patience.ok_or_else(|| {
        let text = &words.patience;
        Fault::usage(format!("--patience {text}: must be a time such as 90s, 10m or 2h"))
    })?;
    let mut course = Course {
        words,
        open: VecDeque::new(),
        after: words.after.clone(),
        replayed: 0,
        failed: 0,
        in_a_row: 0,
        after_before_row: None,
        told: Instant::now(),
    };
    let ended = tokio::select! {
        ended = course.follow(keys, replaying, choice, patience) => ended,
        _ = tokio::signal::ctrl_c() => Err(Fault::failed("stopped")),
    };
    let rest = course.rest();
    match ended {
        Err(fault) => Err(rest.into_iter().fold(fault, |fault, rest| fault.then(&rest))),
        Ok(()) => course.end(),
    }
}

impl Course<'_> {
    async fn follow(
        &mut self,
        mut keys: Keys,
        replaying: Replaying,
        choice: &Choice,
        patience: Duration,
    ) -> Outcome<()> {
        let mut tasks = JoinSet::new();
        while let Some(key) = keys.next().await? {
            while tasks.len() >= SIDE_BY_SIDE {
                self.join(&mut tasks).await?;
            }
            self.open.push_back((key.clone(), false));
            let (replaying, choice) = (replaying.clone(), choice.clone());
            tasks.spawn(async move {
                let ended = replay(&replaying, &key, &choice, patience).await;
                (key, ended)
            });
        }
        while !tasks.is_empty() {
            self.join(&mut tasks).await?;
        }
        Ok(())
    }

    async fn join(&mut self, tasks: &mut JoinSet<(String, Ended)>) -> Outcome<()> {
        let left = PAUSE.saturating_sub(self.told.elapsed());
        let Ok(joined) = tokio::time::timeout(left, tasks.join_next()).await else {
            self.tell();
            return Ok(());
        };
        let Some(joined) = joined else { return Ok(()) };
        let (key, ended) = joined
            .map_err(|_| Fault::failed("a fault in this program, printed where it happened"))?;
        self.take(&key, ended);
        if self.told.elapsed() >= PAUSE {
            self.tell();
        }
        if self.in_a_row >= HOPELESS {
            return Err(Fault::failed(format!("{HOPELESS} events in a row could not be replayed")));
        }
        Ok(())
    }

    fn take(&mut self, key: &str, ended: Ended) {
        match ended {
            Ended::Passed => {}
            Ended::Replayed => {
                self.replayed += 1;
                self.in_a_row = 0;
            }
            Ended::Failed { id, why } => {
                if self.in_a_row == 0 {
                    self.after_before_row.clone_from(&self.after);
                }
                self.failed += 1;
                self.in_a_row += 1;
                if self.words.json {
                    eprintln!("{}", json!({ "failed": id, "key": key, "error": why }));
                } else {
                    eprintln!("certhooks: {id}: not replayed: {why}");
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

    /// What a run that is stopped goes on with: those that just failed in a row are not left behind.
    fn rest(&self) -> Option<String> {
        let after = if self.in_a_row > 0 { &self.after_before_row } else { &self.after };
        after.as_ref().map(|after| format!("go on with --after {after}"))
    }

    /// On standard error, since standard output may be the target.
    fn tell(&mut self) {
        self.told = Instant::now();
        let Self { replayed, failed, open, after, .. } = self;
        let waiting = open.iter().filter(|(_, is_done)| !is_done).count();
        let after = after.as_deref().unwrap_or("-");
        if self.words.json {
            eprintln!(
                "{}",
                json!({ "replayed": replayed, "failed": failed, "under_way": waiting, "after": after })
            );
        } else {
            eprintln!(
                "certhooks: {replayed} replayed, {failed} failed, {waiting} under way; after {after}"
            );
        }
    }

    fn end(&self) -> Outcome<ExitCode> {
        let Self { words, replayed, failed, .. } = self;
        if replayed + failed == 0 {
            return Err(Fault::nothing("the archive has no such event"));
        }
        let text = format!("{replayed} replayed, {failed} failed");
        let value = json!({ "replayed": replayed, "failed": failed });
        let line = if words.json { value.to_string() } else { text };
        if words.to.as_deref() == Some("-") {
            eprintln!("{line}");
        } else {
            say!("{line}");
        }
        Ok(if *failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
