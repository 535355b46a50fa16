use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use ports::{PortError, PortResult};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::transaction::Transaction;
use crate::writer::{Job, Writer};

/// Maximum number of calls in the channel to the writer, so that memory stays bounded. Further
/// callers wait for a permit.
const MAX_WAITING: usize = 1024;

/// Async access to the connection: a call sends work to its thread, and returns once the result is
/// on the disk.
#[derive(Clone)]
pub(crate) struct Database(Arc<Handle>);

struct Handle {
    file: Arc<Path>,
    permits: Arc<Semaphore>,
    /// `None` only while the handle is dropped, which ends the thread.
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Database {
    /// Moves the connection to a thread of its own, which ends when the last clone of the handle is
    /// dropped.
    pub(crate) fn start(writer: Writer) -> PortResult<Self> {
        let (jobs, receiver) = channel();
        let file = writer.file();
        let thread = thread::Builder::new()
            .name("certhooks-db".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|error| {
                PortError(format!("{}: cannot start its thread: {error}", file.display()))
            })?;
        Ok(Self(Arc::new(Handle {
            file,
            permits: Arc::new(Semaphore::new(MAX_WAITING)),
            jobs: Some(jobs),
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Runs `work` in a transaction that it may share with other calls. `Ok` means committed and on the
    /// disk. An error undoes this call only: the work of the others is run again then, each in a
    /// savepoint of its own. If the caller stops waiting before its work is started, the work is not run.
    pub(crate) async fn call<T, F>(&self, work: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.run(work, false).await
    }

    /// As [`call`](Self::call), for work that changes nothing in the file: it sees only what is on the disk, and its
    /// caller does not wait for the commit of others.
    pub(crate) async fn read<T, F>(&self, work: F) -> PortResult<T>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.run(work, true).await
    }

    async fn run<T, F>(&self, work: F, is_read: bool) -> PortResult<T>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let stopped = || PortError(format!("{}: its thread has ended", self.0.file.display()));
        let permit = Arc::clone(&self.0.permits).acquire_owned().await.map_err(|_| stopped())?;
        let (answer, answered) = oneshot::channel();
        let call = Call { work, is_read, result: None, answer, _permit: permit };
        let jobs = self.0.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Box::new(call)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Handle {
    /// Waits until the current transaction is committed and the file and its lock are closed, so
    /// that the folder can be opened again at once.
    fn drop(&mut self) {
        self.jobs = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread was logged when it happened, and every caller got an error.
            let _ = thread.join();
        }
    }
}

struct Call<T, F> {
    work: F,
    is_read: bool,
    result: Option<T>,
    answer: oneshot::Sender<PortResult<T>>,
    _permit: OwnedSemaphorePermit,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send,
{
    fn is_read(&self) -> bool {
        self.is_read
    }

    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        if !self.answer.is_closed() {
            self.result = Some((self.work)(transaction)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: PortResult<()>) {
        // Without a result no caller is waiting. It is no error either if the caller stops waiting
        // now.
        let Self { result, answer, .. } = *self;
        if let Some(result) = outcome.map(|()| result).transpose() {
            let _ = answer.send(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ports::SystemClock;
    use rusqlite::Connection;

    use super::*;
    use crate::schema;
    use crate::test_folder::TestFolder;
    use crate::writer::{Expired, Role};

    fn database(folder: &TestFolder) -> Database {
        crate::files::create_folder(folder.path()).unwrap();
        let file = folder.path().join(schema::FILE);
        let lock = crate::lock::Lock::take(folder.path(), "lock", "held").unwrap();
        let connection = schema::open(&file).unwrap();
        let role = Role::Owner {
            expiry_interval: Duration::from_secs(60),
            expire: Box::new(|_| Ok(Expired::All)),
            _lock: lock,
        };
        Database::start(Writer::new(connection, &file, Arc::new(SystemClock), role)).unwrap()
    }

    fn insert(size: usize) -> impl Fn(&Transaction<'_>) -> rusqlite::Result<i64> + Send + 'static {
        move |transaction| {
            transaction.connection.execute(
                "INSERT INTO deliveries (id, kind, provider, subject, published_at, body)
                     VALUES ('', '', '', '', 0, ?1)",
                ["x".repeat(size)],
            )?;
            Ok(transaction.connection.last_insert_rowid())
        }
    }

    fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_caller_only() {
        let folder = TestFolder::new();
        let database = database(&folder);
        let (good, bad, after) = tokio::join!(
            database.call(insert(1)),
            database.call(|transaction| -> rusqlite::Result<()> {
                insert(1)(transaction)?;
                panic!("expected in this test");
            }),
            database.call(insert(1)),
        );
        good.unwrap();
        assert!(bad.unwrap_err().0.contains("certhooks.db: panic"));
        after.unwrap();
        assert_eq!(database.call(|transaction| count(transaction.connection)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn an_error_rolls_back_the_work_of_its_caller_only() {
        let folder = TestFolder::new();
        let database = database(&folder);
        let (good, bad) = tokio::join!(
            database.call(insert(1)),
            database.call(|transaction| {
                insert(1)(transaction)?;
                transaction.connection.execute("no statement", [])
            }),
        );
        good.unwrap();
        assert!(bad.is_err());
        assert_eq!(database.call(|transaction| count(transaction.connection)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_until_space_is_free() {
        let folder = TestFolder::new();
        let database = database(&folder);
        let limit = |pages: i64| {
            database.call(move |transaction| {
                transaction.connection.pragma_update(None, "max_page_count", pages)
            })
        };
        limit(120).await.unwrap();
        let small = database.call(insert(1)).await.unwrap();
        for _ in 0..3 {
            let error = database.call(insert(1_000_000)).await.unwrap_err();
            assert!(
                error.0.contains("certhooks.db: database or disk is full; free space"),
                "{error}"
            );
        }
        limit(1_000_000).await.unwrap();
        assert_eq!(database.call(insert(1_000_000)).await.unwrap(), small + 1);
        assert_eq!(database.call(|transaction| count(transaction.connection)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_failed_commit_fails_every_call_in_it() {
        let folder = TestFolder::new();
        let database = database(&folder);
        // COMMIT checks a deferred constraint, and so fails as it does on a full disk.
        let orphan = database.call(|transaction| {
            transaction.connection.execute_batch("PRAGMA defer_foreign_keys = on")?;
            transaction.connection.execute("INSERT INTO bodies (id, body) VALUES (7, '')", [])
        });
        let (good, orphan) = tokio::join!(database.call(insert(1)), orphan);
        assert!(good.unwrap_err().0.contains("certhooks.db: FOREIGN KEY constraint failed"));
        assert!(orphan.is_err());
        database.call(insert(1)).await.unwrap();
        assert_eq!(database.call(|transaction| count(transaction.connection)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_write_to_a_read_only_file_is_an_error_with_its_name() {
        let folder = TestFolder::new();
        drop(database(&folder));
        let file = folder.path().join(schema::FILE);
        let connection = schema::open_read_only(&file).unwrap();
        let writer = Writer::new(connection, &file, Arc::new(SystemClock), Role::Reader);
        let database = Database::start(writer).unwrap();
        let error = database.call(insert(1)).await.unwrap_err();
        assert!(
            error.0.contains("certhooks.db: attempt to write a readonly database; give this user")
        );
    }

    /// Keeps the thread busy until something is sent on the channel, so that what is called meanwhile is one batch.
    async fn block(database: &Database) -> (Sender<()>, tokio::task::JoinHandle<PortResult<bool>>) {
        let (release, released) = channel::<()>();
        let (begun, began) = channel();
        let blocker = tokio::spawn({
            let database = database.clone();
            async move {
                database.call(move |_| Ok(begun.send(()).is_ok() && released.recv().is_ok())).await
            }
        });
        tokio::task::spawn_blocking(move || began.recv()).await.unwrap().unwrap();
        (release, blocker)
    }

    #[tokio::test]
    async fn a_read_sees_only_what_is_on_the_disk_and_fails_alone() {
        let folder = TestFolder::new();
        let database = database(&folder);
        let (release, blocker) = block(&database).await;
        let release = async { release.send(()).unwrap() };
        let (written, read, bad, ()) = tokio::join!(
            database.call(insert(1)),
            database.read(|transaction| count(transaction.connection)),
            database.read(|transaction| transaction.connection.execute("no statement", [])),
            release
        );
        assert!(blocker.await.unwrap().unwrap());
        assert_eq!((written.unwrap(), read.unwrap()), (1, 0));
        assert!(bad.is_err());
        let after = database.read(|transaction| count(transaction.connection));
        assert_eq!(after.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_work_of_a_caller_that_stopped_waiting_is_not_run() {
        let folder = TestFolder::new();
        let database = database(&folder);
        let (release, blocker) = block(&database).await;
        let impatient = tokio::time::timeout(Duration::from_millis(50), database.call(insert(1)));
        assert!(impatient.await.is_err());
        release.send(()).unwrap();
        assert!(blocker.await.unwrap().unwrap());
        assert_eq!(database.call(|transaction| count(transaction.connection)).await.unwrap(), 0);
    }
}
