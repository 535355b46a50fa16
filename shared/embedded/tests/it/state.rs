use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use embedded::{Options, Reader, Running, State};
use envelope::Provider;
use ports::SecretSource;
use time::OffsetDateTime;

use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{bodies, message, open, open_with, receive, send};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn all_files_are_private_to_the_user() {
    let folder = TestFolder::new();
    let state = open(&folder);
    send(&state.events(), ["a"]).await;
    assert_eq!(mode(folder.path()), 0o700);
    for file in ["certhooks.db", "certhooks.db-wal", "certhooks.db-shm", "secrets.json", "lock"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn only_one_process_can_own_a_folder() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let error = State::open(folder.path(), Options::default()).err().unwrap();
    assert!(error.0.contains("lock is held: another `certhooks local`"), "{error}");
    send(&state.events(), ["a"]).await;
    let events = state.events();
    drop(state);
    assert!(State::open(folder.path(), Options::default()).is_err(), "its queue still exists");
    drop(events);
    assert_eq!(bodies(&receive(&open(&folder).events(), 10).await), ["a"]);
}

#[test]
fn the_error_names_a_folder_that_cannot_be_written() {
    let folder = TestFolder::new();
    fs::create_dir(folder.path()).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o500)).unwrap();
    let file = folder.path().join("lock");
    // Permissions do not apply to root, but nobody can create a folder in /proc.
    let is_root = fs::File::create(&file).is_ok();
    let target = if is_root { Path::new("/proc/certhooks") } else { folder.path() };
    let error = State::open(target, Options::default()).err().unwrap();
    assert!(error.0.contains(&target.display().to_string()), "{error}");

    let file = folder.path().join("a file");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    fs::write(&file, "").unwrap();
    let error = State::open(&file, Options::default()).err().unwrap();
    assert!(error.0.contains("a file"), "{error}");
}

/// The log keeps pages as they were, such as one with a key that was taken out of an event since.
#[tokio::test]
async fn the_write_ahead_log_is_emptied_when_nothing_happens_and_nobody_waits_for_a_reader() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let size = || fs::metadata(folder.path().join("certhooks.db-wal")).unwrap().len();
    send(&state.events(), ["a"]).await;
    assert!(size() > 0);
    until(async || size() == 0).await;

    let reader = rusqlite::Connection::open(folder.path().join("certhooks.db")).unwrap();
    let read = |text| reader.query_row(text, [], |row| row.get::<_, i64>(0));
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(read("SELECT count(*) FROM messages").unwrap(), 1);
    send(&state.events(), ["b"]).await;
    let began = Instant::now();
    // Longer than the log stays when nobody reads, so that attempts to empty it fail meanwhile.
    while began.elapsed() < Duration::from_millis(2500) {
        let sent = Instant::now();
        state.events().check_write().await.unwrap();
        // A wait for a lock would be of five.
        assert!(sent.elapsed() < Duration::from_secs(4), "{:?}", sent.elapsed());
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    assert!(size() > 0);
    assert_eq!(read("SELECT count(*) FROM messages").unwrap(), 1, "the reader sees what was there");
    reader.execute_batch("COMMIT").unwrap();
    until(async || size() == 0).await;
    assert_eq!(bodies(&receive(&state.events(), 10).await), ["a", "b"]);
}

/// The file that marks a simulated folder can be lost, and its invented events would go on as real ones.
#[test]
fn a_folder_stays_simulated_without_the_file_that_says_so() {
    let folder = TestFolder::new();
    let open = |simulated| {
        State::open(folder.path(), Options { simulated, ..Options::default() }).map(drop)
    };
    open(true).unwrap();
    fs::remove_file(folder.path().join("simulated")).unwrap();
    let error = open(false).unwrap_err();
    assert!(error.0.contains("never serves real providers"), "{error}");
    open(true).unwrap();
}

#[test]
fn the_error_names_a_damaged_or_newer_database() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let file = folder.path().join("certhooks.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    for error in
        [State::open(folder.path(), Options::default()).err(), Reader::open(folder.path()).err()]
    {
        let error = error.unwrap();
        assert!(error.0.contains("certhooks.db has schema version 99"), "{error}");
    }
    fs::write(&file, "no database, ".repeat(1000)).unwrap();
    let error = State::open(folder.path(), Options::default()).err().unwrap();
    assert!(error.0.contains("certhooks.db: file is not a database; it is damaged"), "{error}");
}

#[tokio::test]
async fn the_error_of_a_message_that_cannot_be_queued_names_the_file() {
    use ports::EventsQueue;
    let folder = TestFolder::new();
    let state = open(&folder);
    // Another program holds the write lock longer than the lock timeout.
    let other = rusqlite::Connection::open(folder.path().join("certhooks.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = state.events().send(vec![message("a")]).await.unwrap_err();
    assert!(
        error.0.contains("certhooks.db: database is locked; stop the other program"),
        "{error}"
    );
    other.execute_batch("COMMIT").unwrap();
    send(&state.events(), ["b"]).await;
    assert_eq!(bodies(&receive(&state.events(), 10).await), ["b"]);
}

fn folder_with_mode(mode: u32) -> TestFolder {
    let folder = TestFolder::new();
    fs::create_dir(folder.path()).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    folder
}

#[test]
fn a_folder_is_its_users_alone() {
    for mode in [0o777, 0o770, 0o722, 0o1777] {
        let folder = folder_with_mode(mode);
        let error = State::open(folder.path(), Options::default()).err().unwrap();
        assert!(error.0.contains(folder.path().to_str().unwrap()), "{error}");
        assert!(error.0.contains("run `chmod 700 "), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
    }
    for mode in [0o700, 0o755, 0o750] {
        let folder = folder_with_mode(mode);
        drop(open(&folder));
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

/// The same words wherever something in the folder is written, or a secret is read from it.
#[tokio::test]
async fn a_folder_that_others_can_change_is_refused_by_whoever_writes_or_reads_secrets() {
    for mode in [0o777, 0o770, 0o720, 0o703, 0o1777] {
        let folder = TestFolder::new();
        let state = open(&folder);
        let secrets = state.secrets(|_| None);
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let errors = [
            State::join(folder.path(), Options::default()).err(),
            secrets.webhook(Provider::DIGICERT).current().await.err(),
            secrets.api(Provider::DIGICERT).current().await.err(),
            secrets.rotation(Provider::DIGICERT).err(),
            embedded::check_writers(folder.path()).err(),
        ];
        for error in errors {
            let error = error.unwrap();
            assert!(error.0.contains("can be changed by other users (mode "), "{mode:o} {error}");
            assert!(error.0.contains("run `chmod 700 "), "{error}");
        }
        // What only reads deliveries takes a copy of any mode.
        Reader::open(folder.path()).unwrap();
    }
}

#[test]
fn no_symbolic_link_is_followed_when_writing() {
    for name in
        ["certhooks.db", "certhooks.db-wal", "lock", "rotation.lock", "simulated", "archive"]
    {
        let folder = folder_with_mode(0o700);
        let target = folder.path().with_extension("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, folder.path().join(name)).unwrap();
        let error = State::open(folder.path(), Options::default()).err().unwrap();
        assert!(error.0.contains(&format!("{name} is a symbolic link")), "{error}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        fs::remove_file(target).unwrap();
    }
    // One that appears while the folder is in use.
    let folder = folder_with_mode(0o700);
    let target = folder.path().with_extension("target");
    fs::write(&target, "precious").unwrap();
    let state = open(&folder);
    let rotation = state.secrets(|_| None).rotation(Provider::DIGICERT).unwrap();
    symlink(&target, folder.path().join("secrets.json.new")).unwrap();
    rotation.begin(&embedded::random_secret().unwrap()).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert!(fs::symlink_metadata(folder.path().join("secrets.json")).unwrap().is_file());
    fs::remove_file(target).unwrap();
}

#[test]
fn where_a_process_listens_is_known_while_it_runs() {
    let folder = TestFolder::new();
    let _state = open(&folder);
    assert_eq!(Running::read(folder.path()), None);
    let addresses = ["0.0.0.0:3000", "[::1]:3001"].map(|text| text.parse().unwrap());
    let [webhooks, admin] = addresses;
    let running = Running { pid: 7, webhooks, admin };
    running.write(folder.path()).unwrap();
    assert_eq!(Running::read(folder.path()), Some(running));
    Running::remove(folder.path()).unwrap();
    Running::remove(folder.path()).unwrap();
    assert_eq!(Running::read(folder.path()), None);
}

#[tokio::test]
async fn what_has_expired_is_found_among_much_that_has_not() {
    let folder = TestFolder::new();
    let open = open_with(&folder, OffsetDateTime::now_utc);
    let file = folder.path().join("certhooks.db");
    let other = rusqlite::Connection::open(file).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    // In no order of times, several steps of each table, and many rows of one alias and one partition.
    other
        .execute_batch(
            "BEGIN IMMEDIATE;
             CREATE TEMP TABLE numbers AS
                 WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 14000)
                 SELECT n, iif(n % 7 < 3, 1, 0x7fffffffffff00) AS keep_until FROM n;
             INSERT INTO ledger (id, keep_until) SELECT n, keep_until FROM numbers;
             INSERT INTO certificates SELECT n, 0, '', '', 0, keep_until FROM numbers;
             INSERT INTO aliases SELECT 'one', n, keep_until FROM numbers;
             INSERT INTO items SELECT 'one', n, '', keep_until, NULL FROM numbers;
             COMMIT",
        )
        .unwrap();
    let count = |rows: &str| -> i64 {
        ["ledger", "certificates", "aliases", "items"]
            .map(|table| {
                let count = format!("SELECT count(*) FROM {table} WHERE {rows}");
                other.query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
            })
            .iter()
            .sum()
    };
    until(async || count("keep_until = 1") == 0).await;
    assert_eq!(count("true"), 4 * 8000);
    drop(open);
}
