use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ports::PortError;
use rusqlite::Connection;

use crate::clock::{Clock, micros};
use crate::expiry::{self, Expired};
use crate::faults::explain;
use crate::lock::Lock;

/// Work that shares one commit, and so one wait for the disk.
const BATCH: usize = 256;

/// One piece of work for the thread that owns the connection.
pub(crate) trait Job: Send {
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;

    /// Called once, when what `run` did is committed, or undone.
    fn answer(self: Box<Self>, outcome: Result<(), PortError>);
}

/// A transaction under way.
pub(crate) struct Transaction<'a> {
    pub(crate) connection: &'a Connection,
    /// Microseconds since 1970; the same for all work of the transaction.
    pub(crate) now: i64,
    scrub: Cell<bool>,
}

impl Transaction<'_> {
    /// Something confidential was deleted: leave no trace of it.
    pub(crate) fn scrub(&self) {
        self.scrub.set(true);
    }
}

/// After each transaction of a process that joined: several times as long as the owner pauses between two
/// tries for the write lock, so that its door gets in between however much there is to write.
const GAP: Duration = Duration::from_millis(10);

/// The connection with all that belongs to it, on the thread that owns it.
pub(crate) struct Writer {
    // Dropped in this order: the lock goes last.
    connection: Connection,
    file: Arc<Path>,
    clock: Clock,
    role: Role,
    /// The write-ahead log may still hold what was scrubbed.
    truncate_due: Cell<bool>,
}

/// Whose connection it is.
pub(crate) enum Role {
    /// Of the process that owns the folder and puts things right in it, so long after each other.
    Owner {
        pause: Duration,
        _lock: Lock,
    },
    /// Of another process that writes beside it.
    Joined,
    Reader,
}

impl Writer {
    pub(crate) fn new(connection: Connection, file: &Path, clock: Clock, role: Role) -> Self {
        Self { connection, file: file.into(), clock, role, truncate_due: Cell::new(false) }
    }

    pub(crate) fn file(&self) -> Arc<Path> {
        Arc::clone(&self.file)
    }

    /// Serves until every sender is gone and the channel is empty.
    pub(crate) fn run(self, jobs: &Receiver<Box<dyn Job>>) {
        let pause = match self.role {
            Role::Owner { pause, .. } => Some(pause),
            Role::Joined | Role::Reader => None,
        };
        let mut sweep_at = pause.map(|pause| Instant::now() + pause);
        loop {
            match next(jobs, sweep_at) {
                Ok(first) => self.serve(std::iter::once(first).chain(jobs.try_iter()).take(BATCH)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if sweep_at.is_some_and(|at| at <= Instant::now()) {
                sweep_at = pause.map(|pause| Instant::now() + self.expire(pause));
            }
        }
    }

    /// Group commit: all jobs in one transaction, answered only when it is on the disk.
    fn serve(&self, jobs: impl Iterator<Item = Box<dyn Job>>) {
        let mut jobs: Vec<_> = jobs.map(|job| (job, Ok(()))).collect();
        let committed = self.transact(|transaction| {
            jobs.iter_mut().try_for_each(|(job, outcome)| {
                *outcome = self.attempt(transaction, job.as_mut())?;
                Ok(())
            })
        });
        for (job, outcome) in jobs {
            job.answer(outcome.and_then(|()| committed.clone().map_err(PortError)));
        }
        self.truncate();
        if matches!(self.role, Role::Joined) {
            std::thread::sleep(GAP);
        }
    }

    /// Runs one job in a savepoint. `Err` when the whole transaction is lost with it, which SQLite
    /// does after some faults of the disk (<https://www.sqlite.org/lang_transaction.html>, 3.1).
    fn attempt(
        &self,
        transaction: &Transaction<'_>,
        job: &mut dyn Job,
    ) -> rusqlite::Result<Result<(), PortError>> {
        self.execute("SAVEPOINT job")?;
        let outcome = match catch_unwind(AssertUnwindSafe(|| job.run(transaction))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if self.connection.is_autocommit() => return Err(error),
            Ok(Err(error)) => Err(explain(&self.file, &error)),
            Err(_) => Err(PortError(format!(
                "{}: a fault in this program, printed where it happened",
                self.file.display()
            ))),
        };
        if outcome.is_err() {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")?;
        Ok(outcome)
    }

    /// Runs `work` in a transaction of its own; the error is text, since many callers may share it.
    pub(crate) fn transact<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, String> {
        let outcome = self.try_transact(work);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // The first fault is the one to tell; without a transaction there is nothing to undo.
            let _ = self.execute("ROLLBACK");
        }
        outcome.map_err(|error| explain(&self.file, &error).0)
    }

    fn try_transact<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        // IMMEDIATE takes the write lock at once, where waiting for it is possible.
        let is_reader = matches!(self.role, Role::Reader);
        self.execute(if is_reader { "BEGIN" } else { "BEGIN IMMEDIATE" })?;
        let transaction = Transaction {
            connection: &self.connection,
            now: micros((self.clock)()),
            scrub: Cell::new(false),
        };
        let result = work(&transaction)?;
        if transaction.scrub.get() {
            expiry::scrub(transaction.connection)?;
        }
        self.execute("COMMIT")?;
        self.truncate_due.set(self.truncate_due.get() || transaction.scrub.get());
        Ok(result)
    }

    /// Empties the write-ahead log, once a reader of older pages lets it.
    pub(crate) fn truncate(&self) {
        if !self.truncate_due.get() {
            return;
        }
        let busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match busy {
            Ok(busy) => self.truncate_due.set(busy != 0),
            Err(error) => self.warn(&explain(&self.file, &error).0),
        }
    }

    /// Deletes what is past its time; answers how long to wait for the next step.
    fn expire(&self, pause: Duration) -> Duration {
        let swept = self.transact(expiry::step);
        self.truncate();
        match swept {
            Ok(Expired::All) => pause,
            // Soon, but after those who wait now.
            Ok(Expired::Part) => pause.min(Duration::from_millis(50)),
            Err(error) => {
                self.warn(&error);
                pause
            }
        }
    }

    fn warn(&self, error: &str) {
        tracing::warn!(file = %self.file.display(), error, "what is past its time could not be deleted");
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

fn next(
    jobs: &Receiver<Box<dyn Job>>,
    sweep_at: Option<Instant>,
) -> Result<Box<dyn Job>, RecvTimeoutError> {
    match sweep_at {
        Some(at) => jobs.recv_timeout(at.saturating_duration_since(Instant::now())),
        None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}
