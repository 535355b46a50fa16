use std::fs;
use std::path::Path;

use embedded::{Options, Retention, State};
use ports::{Archive, ArchiveReader};

use crate::events::until;
use crate::test_folder::TestFolder;
use crate::{clock, open, open_with};

#[tokio::test]
async fn objects_are_in_the_database_and_no_files() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let archive = state.archive();
    let uri = archive.put("meta/2026/01/02/abc", b"envelope".to_vec()).await.unwrap();
    assert_eq!(uri, "certhooks:archive/meta/2026/01/02/abc");
    assert_eq!(archive.put("meta/2026/01/02/abc", b"envelope".to_vec()).await.unwrap(), uri);
    archive.put("meta/2026/01/02/abc/def", b"part".to_vec()).await.unwrap();
    assert_eq!(archive.get("meta/2026/01/02/abc").await.unwrap().unwrap(), b"envelope");
    assert_eq!(archive.get("meta/2026/01/02/abc/def").await.unwrap().unwrap(), b"part");
    assert!(!folder.path().join("archive").exists());
}

/// What is archived stays as it is, whatever else comes under its key.
#[tokio::test]
async fn another_object_of_the_same_key_is_kept_beside_the_first() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    let key = "digicert/2026/01/02/abc";
    for body in ["first", "second", "third", "second", "first"] {
        archive.put(key, body.into()).await.unwrap();
    }
    archive.put("digicert/2026/01/02/abd", b"other".to_vec()).await.unwrap();
    let keys = archive.list("digicert/", "").await.unwrap();
    let mut bodies = Vec::new();
    for key in &keys {
        let body = archive.get(key).await.unwrap().unwrap();
        bodies.push(String::from_utf8(body).unwrap());
    }
    bodies[1..3].sort();
    assert_eq!(bodies, ["first", "second", "third", "other"], "{keys:?}");
    assert_eq!(keys[0], key);
    assert!(keys[1..3].iter().all(|beside| ports::split_key(beside).unwrap().0 == key), "{keys:?}");
    assert_eq!(ports::split_key(key), None);
}

#[tokio::test]
async fn objects_are_listed_in_order_and_can_be_read() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    let keys = [
        "digicert/2025/12/31/z",
        "digicert/2026/01/02/a",
        "digicert/2026/01/02/b",
        "digicert/2026/01/10/a",
        "digicert/2026/02/01/c",
    ];
    for key in keys.iter().rev().chain(&["meta/2026/01/02/x"]) {
        archive.put(key, key.as_bytes().to_vec()).await.unwrap();
    }
    for (prefix, after, count) in [
        ("digicert/", "", 5),
        ("digicert/", "digicert/2025/12/31/z", 4),
        ("digicert/", "digicert/2026/01/02/a", 3),
        ("digicert/", "digicert/2026/01/02", 4),
        ("digicert/", "digicert/2026/01/03/", 2),
        ("digicert/", "digicert/2026/02/01/c", 0),
        ("cloudflare/", "", 0),
    ] {
        let listed = archive.list(prefix, after).await.unwrap();
        assert_eq!(listed, keys[keys.len() - count..][..count], "{prefix} {after}");
    }
    assert_eq!(archive.list("meta/", "").await.unwrap(), ["meta/2026/01/02/x"]);
    assert_eq!(archive.get(keys[1]).await.unwrap().unwrap(), keys[1].as_bytes());
    assert_eq!(archive.get("digicert/2026/01/02/none").await.unwrap(), None);
}

/// What a folder of version 0.1.0 has in its archive is there after the first start, also where an earlier one
/// was stopped half-way.
#[tokio::test]
async fn files_of_an_older_version_move_into_the_database() {
    let folder = TestFolder::new();
    drop(open(&folder));
    let day = folder.path().join("archive/digicert/2026/01/02");
    fs::create_dir_all(day.join("b.d")).unwrap();
    fs::create_dir_all(folder.path().join("archive/.drafts")).unwrap();
    fs::write(folder.path().join("archive/.drafts/1"), "half").unwrap();
    for number in 0..1500 {
        fs::write(day.join(format!("a{number:04}")), format!("envelope {number}")).unwrap();
    }
    fs::write(day.join("a0007~0123456789abcdef"), "beside").unwrap();
    fs::write(day.join("b"), "b").unwrap();
    fs::write(day.join("b.d/part"), "part").unwrap();
    // Moved by a start that was stopped before it removed the file.
    let archive = open(&folder).archive();
    drop(archive);
    fs::create_dir_all(&day).unwrap();
    fs::write(day.join("a0000"), "envelope 0").unwrap();

    let archive = open(&folder).archive();
    assert!(!folder.path().join("archive").exists());
    let keys = archive.list("digicert/", "").await.unwrap();
    assert_eq!(keys.len(), 1503);
    for (name, object) in [
        ("a0000", "envelope 0"),
        ("a0007", "envelope 7"),
        ("a1499", "envelope 1499"),
        ("a0007~0123456789abcdef", "beside"),
        ("b", "b"),
        ("b/part", "part"),
    ] {
        let found = archive.get(&format!("digicert/2026/01/02/{name}")).await.unwrap();
        assert_eq!(found.unwrap(), object.as_bytes(), "{name}");
    }
}

/// Texts of all sizes and of two families, over more than one dictionary, read by another process too.
#[tokio::test]
async fn every_object_comes_back_as_it_was() {
    let folder = TestFolder::new();
    let state = open(&folder);
    let text = |number: usize| {
        let random: String = (0..number % 50).map(|_| fastrand::alphanumeric()).collect();
        format!("{{\"number\":{number},\"random\":\"{random}\"}}").repeat(number % 7 * 5)
    };
    let objects: Vec<(String, String)> = (0..1000)
        .map(|number| (format!("{}/2026/01/02/{number}", ["a", "b"][number % 2]), text(number)))
        .chain([("a/2026/01/02/large".to_owned(), text(1_049).repeat(1000))])
        .collect();
    for chunk in objects.chunks(200) {
        let archive = state.archive();
        let puts: Vec<_> = chunk
            .iter()
            .map(|(key, object)| {
                let (archive, key, object) = (archive.clone(), key.clone(), object.clone());
                tokio::spawn(async move { archive.put(&key, object.into_bytes()).await })
            })
            .collect();
        for put in puts {
            put.await.unwrap().unwrap();
        }
    }
    let other = State::join(folder.path(), Options::default()).unwrap().archive();
    for archive in [state.archive(), other] {
        for (key, object) in &objects {
            let found = archive.get(key).await.unwrap().unwrap();
            assert_eq!(found, object.as_bytes(), "{key}");
        }
    }
    let dictionaries = "SELECT count(*) FROM dictionaries";
    assert!((4..10).contains(&count(folder.path(), dictionaries)));
}

fn count(folder: &Path, query: &str) -> i64 {
    let connection = rusqlite::Connection::open(folder.join("certhooks.db")).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

/// Work that failed may have made the dictionary: what follows must not be compressed with it.
#[tokio::test]
async fn a_dictionary_that_was_not_stored_is_not_used() {
    let folder = TestFolder::new();
    let state = open(&folder);
    state.archive().put("a/2026/01/02/1", b"one".repeat(50)).await.unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("certhooks.db")).unwrap();
    // As a command that erases does.
    connection
        .execute_batch("PRAGMA foreign_keys = off; DELETE FROM archive; DELETE FROM dictionaries")
        .unwrap();
    state.archive().put("a/2026/01/02/2", b"two".repeat(50)).await.unwrap();
    assert_eq!(state.archive().get("a/2026/01/02/2").await.unwrap().unwrap(), b"two".repeat(50));
    assert_eq!(count(folder.path(), "SELECT count(*) FROM dictionaries"), 1);
}

#[tokio::test]
async fn the_archive_and_its_dictionaries_expire() {
    const DAY: i64 = 24 * 60 * 60;
    let folder = TestFolder::new();
    let (now, pass) = clock!();
    let state = open_with(&folder, now);
    state.archive().put("a/2026/01/02/1", b"old".repeat(50)).await.unwrap();
    pass(200 * DAY);
    state.archive().put("a/2026/01/02/2", b"new".repeat(50)).await.unwrap();
    pass(170 * DAY);
    let left = "SELECT (SELECT count(*) FROM archive) * 10 + (SELECT count(*) FROM dictionaries)";
    until(async || count(folder.path(), left) == 11).await;
    assert_eq!(state.archive().list("a/", "").await.unwrap(), ["a/2026/01/02/2"]);
    assert_eq!(Retention::default().archive.as_secs(), 365 * DAY.unsigned_abs());
}
