use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ports::{Clock, PortError};
use rusqlite::Connection;

use crate::claims::Claims;
use crate::clock::to_micros;
use crate::compression::Compression;
use crate::errors::sqlite_error;
use crate::lock::Lock;
use crate::schema;
use crate::scrub::scrub;
use crate::transaction::Transaction;

/// Maximum number of jobs that share one commit, and so one wait for the disk.
const BATCH_SIZE: usize = 256;

/// One piece of work for the thread that owns the connection.
pub(crate) trait Job: Send {
    /// Whether it changes nothing in the file. It is run before the others of its batch, so that it sees only what is
    /// on the disk, and its caller need not wait for the commit.
    fn is_read(&self) -> bool;

    /// Called once more after the transaction is rolled back because another job in it failed.
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;

    /// Called once, after the work of `run` is committed or rolled back.
    fn answer(self: Box<Self>, outcome: Result<(), PortError>);
}

/// Pause after each transaction of a process that joined. It is several times the owner's interval
/// between two attempts to take the write lock, so that the owner's webhook endpoints get the lock
/// however much the other process writes.
const JOINED_PAUSE: Duration = Duration::from_millis(10);

/// The connection and its state, on the thread that owns it.
pub(crate) struct Writer {
    // Fields are dropped in this order: the lock, in the role, after the connection.
    connection: Connection,
    file: Arc<Path>,
    clock: Arc<dyn Clock>,
    role: Role,
    compression: RefCell<Compression>,
    claims: RefCell<Claims>,
    log: Cell<Log>,
}

/// What the write-ahead log may hold. It takes disk, and keeps pages as they were before.
#[derive(Clone, Copy)]
enum Log {
    Nothing,
    /// What was last written then.
    Pages(Instant),
    /// Content that is to leave no trace.
    Traces,
}

/// How long nothing is written before the write-ahead log is emptied.
const IDLE: Duration = Duration::from_secs(1);

/// The process's role in the folder.
pub(crate) enum Role {
    /// The process that owns the folder and deletes expired rows.
    Owner {
        /// Interval between two calls of `expire`.
        expiry_interval: Duration,
        /// Deletes some of the expired rows.
        expire: Expire,
        _lock: Lock,
    },
    /// Another process that writes beside the owner.
    Joined,
    Reader,
}

pub(crate) type Expire = Box<dyn Fn(&Transaction<'_>) -> rusqlite::Result<Expired> + Send>;

/// Whether all expired rows were deleted, or some are left.
pub(crate) enum Expired {
    All,
    Some,
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        file: &Path,
        clock: Arc<dyn Clock>,
        role: Role,
    ) -> Self {
        let (compression, claims) = (RefCell::default(), RefCell::default());
        let log = Cell::new(Log::Nothing);
        let file = file.into();
        Self { connection, file, clock, role, compression, claims, log }
    }

    pub(crate) fn file(&self) -> Arc<Path> {
        Arc::clone(&self.file)
    }

    /// Runs jobs until every sender is dropped and the channel is empty.
    pub(crate) fn run(self, jobs: &Receiver<Box<dyn Job>>) {
        let expiry = match &self.role {
            Role::Owner { expiry_interval, expire, .. } => Some((*expiry_interval, expire)),
            Role::Joined | Role::Reader => None,
        };
        let mut expire_at = expiry.map(|(interval, _)| Instant::now() + interval);
        loop {
            let idle_at = match self.log.get() {
                Log::Pages(at) => Some(at + IDLE),
                Log::Nothing | Log::Traces => None,
            };
            match next(jobs, expire_at.into_iter().chain(idle_at).min()) {
                Ok(first) => {
                    self.run_batch(std::iter::once(first).chain(jobs.try_iter()).take(BATCH_SIZE))
                }
                Err(RecvTimeoutError::Timeout) => self.empty_log(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if expire_at.is_some_and(|at| at <= Instant::now()) {
                expire_at =
                    expiry.map(|(interval, expire)| Instant::now() + self.expire(interval, expire));
            }
        }
    }

    /// Group commit: runs all jobs in one transaction, and answers those that write only once it is on the disk.
    /// Where one fails, all of these run again, each in a savepoint. Failures are rare, and savepoints are not
    /// cheap: for each, SQLite copies every page before its first change.
    fn run_batch(&self, jobs: impl Iterator<Item = Box<dyn Job>>) {
        let (reads, mut jobs): (Vec<_>, Vec<_>) =
            jobs.map(|job| (job, Ok(()))).partition(|(job, _)| job.is_read());
        self.run_reads(reads);
        if jobs.is_empty() {
            return self.empty_log();
        }
        let mut is_undone = false;
        let mut committed = self.transact(|transaction| {
            jobs.iter_mut().try_for_each(|(job, _)| {
                let outcome = catch(job.as_mut(), transaction);
                is_undone = !matches!(outcome, Ok(Ok(())));
                // Nobody sees this error.
                outcome.unwrap_or(Err(rusqlite::Error::InvalidQuery))
            })
        });
        if is_undone {
            committed = self.transact(|transaction| {
                jobs.iter_mut().try_for_each(|(job, outcome)| {
                    *outcome = self.run_in_savepoint(transaction, job.as_mut())?;
                    Ok(())
                })
            });
        }
        for (job, outcome) in jobs {
            job.answer(outcome.and_then(|()| committed.clone().map_err(PortError)));
        }
        self.empty_log();
        if matches!(self.role, Role::Joined) {
            std::thread::sleep(JOINED_PAUSE);
        }
    }

    /// Runs jobs that change nothing in the file, in a transaction of their own.
    fn run_reads(&self, mut jobs: Vec<(Box<dyn Job>, Result<(), PortError>)>) {
        if jobs.is_empty() {
            return;
        }
        let done = self.transact_from("BEGIN", |transaction| {
            for (job, outcome) in &mut jobs {
                *outcome = self.outcome(catch(job.as_mut(), transaction));
            }
            Ok(())
        });
        for (job, outcome) in jobs {
            job.answer(outcome.and_then(|()| done.clone().map_err(PortError)));
        }
    }

    fn outcome(&self, run: std::thread::Result<rusqlite::Result<()>>) -> Result<(), PortError> {
        match run {
            Ok(outcome) => outcome.map_err(|error| sqlite_error(&self.file, &error)),
            Err(_) => {
                Err(PortError(format!("{}: panic, logged when it happened", self.file.display())))
            }
        }
    }

    /// Runs one job in a savepoint. `Err` if SQLite rolled back the whole transaction, as it does
    /// after some disk errors (<https://www.sqlite.org/lang_transaction.html>, 3.1).
    fn run_in_savepoint(
        &self,
        transaction: &Transaction<'_>,
        job: &mut dyn Job,
    ) -> rusqlite::Result<Result<(), PortError>> {
        self.execute("SAVEPOINT job")?;
        let savepoint = transaction.claims().savepoint();
        let outcome = match catch(job, transaction) {
            Ok(Err(error)) if self.connection.is_autocommit() => return Err(error),
            run => self.outcome(run),
        };
        if outcome.is_err() {
            self.execute("ROLLBACK TO job")?;
            transaction.claims().roll_back_to(savepoint);
            transaction.forget_dictionaries();
        }
        self.execute("RELEASE job")?;
        Ok(outcome)
    }

    /// Runs `work` in a transaction of its own; the error is text, since many callers may share it.
    pub(crate) fn transact<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, String> {
        // IMMEDIATE takes the write lock at once: later in a transaction, SQLite would not wait for it.
        let is_reader = matches!(self.role, Role::Reader);
        self.transact_from(if is_reader { "BEGIN" } else { "BEGIN IMMEDIATE" }, work)
    }

    fn transact_from<T>(
        &self,
        begin: &str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, String> {
        let outcome = self.try_transact(begin, work);
        if outcome.is_err() {
            self.compression.borrow_mut().clear();
            self.claims.borrow_mut().roll_back_to(0);
            if !self.connection.is_autocommit() {
                // The first error is the one to report.
                let _ = self.execute("ROLLBACK");
            }
        }
        outcome.map_err(|error| sqlite_error(&self.file, &error).0)
    }

    fn try_transact<T>(
        &self,
        begin: &str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.execute(begin)?;
        let changes = self.connection.total_changes();
        self.compression.borrow_mut().begin();
        let now = to_micros(self.clock.now());
        let transaction = Transaction::new(&self.connection, &self.compression, &self.claims, now);
        let result = work(&transaction)?;
        if transaction.needs_scrub() {
            scrub(transaction.connection)?;
        }
        self.execute("COMMIT")?;
        self.claims.borrow_mut().commit();
        self.log.set(match self.log.get() {
            Log::Traces => Log::Traces,
            _ if transaction.needs_scrub() => Log::Traces,
            // Many look at the queue and change nothing.
            before if changes == self.connection.total_changes() => before,
            _ => Log::Pages(Instant::now()),
        });
        Ok(result)
    }

    /// Empties the write-ahead log if it may contain what is to leave no trace, or if nothing was written for a while.
    /// As long as a reader of older pages prevents that, another call tries again: nobody waits for a reader.
    pub(crate) fn empty_log(&self) {
        match self.log.get() {
            Log::Nothing => return,
            Log::Pages(at) if at.elapsed() < IDLE => return,
            Log::Pages(_) => self.log.set(Log::Pages(Instant::now())),
            Log::Traces => {}
        }
        let truncate = || {
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        };
        match schema::without_waiting(truncate) {
            Ok(0) => self.log.set(Log::Nothing),
            Ok(_busy) => {}
            Err(error) => {
                let error = sqlite_error(&self.file, &error);
                tracing::warn!(%error, "failed to truncate the write-ahead log");
            }
        }
    }

    /// Deletes expired rows. Returns how long to wait before the next step.
    fn expire(&self, interval: Duration, expire: &Expire) -> Duration {
        let expired = self.transact(expire);
        self.empty_log();
        match expired {
            Ok(Expired::All) => interval,
            // Soon, but after the jobs that are waiting now.
            Ok(Expired::Some) => interval.min(Duration::from_millis(50)),
            Err(error) => {
                tracing::warn!(error, "failed to delete expired rows");
                interval
            }
        }
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }
}

fn catch(
    job: &mut dyn Job,
    transaction: &Transaction<'_>,
) -> std::thread::Result<rusqlite::Result<()>> {
    catch_unwind(AssertUnwindSafe(|| job.run(transaction)))
}

fn next(
    jobs: &Receiver<Box<dyn Job>>,
    expire_at: Option<Instant>,
) -> Result<Box<dyn Job>, RecvTimeoutError> {
    match expire_at {
        Some(at) => jobs.recv_timeout(at.saturating_duration_since(Instant::now())),
        None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}
