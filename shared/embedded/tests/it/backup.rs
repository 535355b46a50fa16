//! Copies of a state folder, the way back from a migration, and lost secrets.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use embedded::{Erasure, Options, Reader, State, back_up, check_secrets};
use envelope::Provider;
use harness::history::{now, recorded};
use ports::{
    Archive, ArchiveReader, Deliveries, EventsQueue, Items, Ledger, Outgoing, SecretSource, alias,
};
use secrecy::ExposeSecret;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::deliveries::delivery;
use crate::test_folder::TestFolder;
use crate::{bodies, message, open, receive, send};

const TOKEN: &str = "token-of-a-challenge";

async fn webhook_key(state: &State) -> String {
    let versions = state.secrets(|_| None).webhook(Provider::DIGICERT).current().await.unwrap();
    versions.current.unwrap().expose_secret().to_owned()
}

async fn fill(state: &State) {
    let expires = OffsetDateTime::now_utc() + Duration::from_secs(600);
    send(&state.events(), ["a", "b"]).await;
    let challenge = Outgoing { expires: Some(expires), ..message(TOKEN) };
    state.events().send(vec![challenge]).await.unwrap();
    state.ledger().keep_challenge("1", &TOKEN.into(), expires).await.unwrap();
    state.archive().put("digicert/2026/01/02/a", b"envelope".to_vec()).await.unwrap();
    state.deliveries().publish(delivery("a")).await.unwrap();
}

/// Copied while it is in use, lost, and put back.
#[tokio::test]
async fn a_copy_is_a_state_folder_that_can_be_put_back() {
    let (folder, copy) = (TestFolder::new(), TestFolder::new());
    let state = open(&folder);
    fill(&state).await;
    let key = webhook_key(&state).await;
    back_up(folder.path(), copy.path()).unwrap();
    send(&state.events(), ["after the copy"]).await;
    drop(state);

    assert_eq!(fs::metadata(copy.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(copy.path()).unwrap().map(Result::unwrap) {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        let content = fs::read(entry.path()).unwrap();
        let has_token = content.windows(TOKEN.len()).any(|text| text == TOKEN.as_bytes());
        assert!(!has_token, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["certhooks.db", "secrets.json"]);

    fs::remove_dir_all(folder.path()).unwrap();
    fs::rename(copy.path(), folder.path()).unwrap();
    let state = open(&folder);
    assert_eq!(webhook_key(&state).await, key);
    assert_eq!(bodies(&receive(&state.events(), 10).await), ["a", "b"]);
    assert_eq!(state.reader().challenges().await.unwrap().len(), 0);
    let archived = state.archive().get("digicert/2026/01/02/a").await.unwrap();
    assert_eq!(archived.unwrap(), b"envelope");
    assert_eq!(state.reader().read_after(0, 10).await.unwrap()[0].body, delivery("a").body);
}

/// Permissions do not apply to root. But SQLite follows no link to the file that it shares with writers, and so
/// fails as it does where it cannot create one.
#[tokio::test]
async fn a_copy_that_cannot_be_written_to_can_be_read() {
    let folder = TestFolder::new();
    let state = open(&folder);
    fill(&state).await;
    drop(state);
    let copy = folder.path().join("copy?#%41");
    fs::create_dir(&copy).unwrap();
    fs::copy(folder.path().join("certhooks.db"), copy.join("certhooks.db")).unwrap();
    symlink("/nowhere/to/be/found", copy.join("certhooks.db-shm")).unwrap();
    assert_eq!(Reader::open(&copy).unwrap().read_after(0, 10).await.unwrap().len(), 1);

    fs::write(copy.join("certhooks.db-wal"), "what came last").unwrap();
    let error = Reader::open(&copy).err().unwrap();
    assert!(error.0.contains("certhooks.db: "), "{error}");
    assert!(error.0.contains("write permission"), "{error}");
}

#[test]
fn a_copy_replaces_nothing() {
    let (folder, copy) = (TestFolder::new(), TestFolder::new());
    let error = back_up(folder.path(), copy.path()).unwrap_err();
    assert!(error.0.contains("holds no state"), "{error}");
    drop(open(&folder));
    fs::create_dir(copy.path()).unwrap();
    fs::write(copy.path().join("note"), "").unwrap();
    let error = back_up(folder.path(), copy.path()).unwrap_err();
    assert!(error.0.contains("is not empty"), "{error}");
    assert_eq!(fs::read_dir(copy.path()).unwrap().count(), 1);
}

/// A database of an older version, with a delivery and, where it has items, one of these.
fn older_database(folder: &Path, version: usize) {
    fs::create_dir(folder).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(
        folder.join("secrets.json"),
        r#"{"digicert_webhook_key":"0123456789abcdef0123456789abcdef"}"#,
    )
    .unwrap();
    fs::set_permissions(folder.join("secrets.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let connection = rusqlite::Connection::open(folder.join("certhooks.db")).unwrap();
    for script in [
        include_str!("../../src/schema/1.sql"),
        include_str!("../../src/schema/2.sql"),
        include_str!("../../src/schema/3.sql"),
        include_str!("../../src/schema/4.sql"),
        include_str!("../../src/schema/5.sql"),
        "INSERT INTO deliveries (id, kind, provider, subject, published_at, body)
             VALUES ('old', '', 'digicert', '', 0x7fffffffffff00, 'as it was')",
        "INSERT INTO certificates VALUES ('digicert/certificate/7', 5, '', 'old', 0, 0x7fffffffffff00)",
        "INSERT INTO aliases VALUES ('order/12', 'digicert/certificate/7', 0x7fffffffffff00)",
        "INSERT INTO messages (provider, kind, grp, state, rank, visible_at, sent_at)
             VALUES ('digicert', '', '', 1, 0, 0x7fffffffffff00, 0x7fffffffffff00)",
        r#"INSERT INTO bodies VALUES (1, '{"receivedtime":"2026-01-02T03:04:05.250000Z"}')"#,
    ] {
        connection.execute_batch(script).unwrap();
    }
    let history = recorded("old", now(), &[]).history.unwrap();
    let entry = serde_json::to_string(&history.entry).unwrap();
    connection
        .execute(
            "INSERT INTO history VALUES (?1, 1, 'old', 0, ?2, 0x7fffffffffff00)",
            (history.certificate, entry),
        )
        .unwrap();
    let later = [
        include_str!("../../src/schema/6.sql"),
        include_str!("../../src/schema/7.sql"),
        include_str!("../../src/schema/8.sql"),
        include_str!("../../src/schema/9.sql"),
        include_str!("../../src/schema/10.sql"),
    ];
    for script in &later[..version - 5] {
        connection.execute_batch(script).unwrap();
    }
    if version >= 7 {
        let item = r#"INSERT INTO items VALUES ('one', 'old', '{"id":"old"}', 0x7fffffffffff00)"#;
        connection.execute_batch(item).unwrap();
    }
    connection.pragma_update(None, "user_version", version as i64).unwrap();
}

#[tokio::test]
async fn the_database_is_copied_before_it_is_migrated() {
    for version in [5, 9, 10] {
        is_copied_and_migrated(version).await;
    }
}

async fn is_copied_and_migrated(version: usize) {
    let folder = TestFolder::new();
    older_database(folder.path(), version);
    assert!(Reader::open(folder.path()).err().unwrap().0.contains("older than 11"));
    let state = open(&folder);
    state.deliveries().publish(delivery("new")).await.unwrap();
    let read = state.reader().read_after(0, 10).await.unwrap();
    let read: Vec<_> = read.into_iter().map(|delivered| delivered.body).collect();
    assert_eq!(read, ["as it was", "{\"id\":\"new\"}"]);
    let received = state.reader().oldest().await.unwrap().received;
    assert_eq!(received, Some(datetime!(2026-01-02 03:04:05.25 UTC)));
    state.ledger().record(recorded("new", now(), &[alias::order(12)])).await.unwrap();
    let [history] = &state.reader().histories(vec!["order/12".to_owned()]).await.unwrap()[..]
    else {
        panic!("another number of histories than one");
    };
    assert_eq!(history.state.as_ref().map(|state| state.rank), Some(5));
    let ids: Vec<_> = history.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["old", "new"]);
    let items = || async { state.ledger().items("one", None, 10).await.unwrap() };
    let values: Vec<_> = items().await.into_iter().map(|item| item.value).collect();
    assert_eq!(values, vec![r#"{"id":"old"}"#; usize::from(version >= 7)]);
    let erasure = Erasure { ids: vec!["old".to_owned()], ..Erasure::default() };
    state.erase(erasure).await.unwrap();
    assert_eq!(items().await, []);
    drop(state);
    let page_size = |folder: &Path| -> i64 {
        let connection = rusqlite::Connection::open(folder.join("certhooks.db")).unwrap();
        connection.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap()
    };
    let backup = folder.path().join("backup");
    back_up(folder.path(), &backup).unwrap();
    assert_eq!((page_size(folder.path()), page_size(&backup)), (4096, 2048));

    let copy = folder.path().join(format!("certhooks-{version}.db"));
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let stored: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let body: String =
        connection.query_row("SELECT body FROM deliveries", [], |row| row.get(0)).unwrap();
    assert_eq!((stored, body.as_str()), (version as i64, "as it was"));
    drop(connection);

    // Back by one version, and forward again.
    fs::rename(&copy, folder.path().join("certhooks.db")).unwrap();
    assert_eq!(open(&folder).reader().read_after(0, 10).await.unwrap().len(), 1);
}

#[test]
fn lost_secrets_are_not_replaced_by_new_ones_silently() {
    let folder = TestFolder::new();
    let path = folder.path().join("secrets.json");
    drop(open(&folder));
    let kept = fs::read(&path).unwrap();
    check_secrets(folder.path()).unwrap();
    let lose: [fn(&Path); 4] = [
        |path| fs::write(path, r#"{"digicert_api_key":"0123456789abcdef"}"#).unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| fs::write(path, "{}\n").unwrap(),
    ];
    for lose in lose {
        fs::write(&path, &kept).unwrap();
        lose(&path);
        let error = State::open(folder.path(), Options::default()).err().unwrap();
        assert!(error.0.contains("put back a copy of the file, or start"), "{error}");
        assert_eq!(check_secrets(folder.path()).unwrap_err().0, error.0);
    }
    let options = Options { new_secrets: true, ..Options::default() };
    drop(State::open(folder.path(), options).unwrap());
    assert_ne!(fs::read(&path).unwrap(), kept);
    drop(open(&folder));
}
