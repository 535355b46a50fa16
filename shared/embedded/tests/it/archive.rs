use std::fs;
use std::os::unix::fs::PermissionsExt;

use ports::{Archive, ArchiveReader};

use crate::open;
use crate::test_folder::TestFolder;

#[tokio::test]
async fn objects_are_files_below_the_archive() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    let uri = archive.put("meta/2026/01/02/abc", b"envelope".to_vec()).await.unwrap();
    let path = folder.path().join("archive/meta/2026/01/02/abc");
    assert_eq!(uri, format!("file://{}", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"envelope");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(archive.put("meta/2026/01/02/abc", b"envelope".to_vec()).await.unwrap(), uri);

    let uri = archive.put("meta/2026/01/02/abc/def", b"part".to_vec()).await.unwrap();
    assert_eq!(fs::read(uri.strip_prefix("file://").unwrap()).unwrap(), b"part");
    assert_eq!(fs::read(&path).unwrap(), b"envelope");
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
async fn a_key_cannot_leave_the_archive() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    for key in ["../x", "/etc/x", "a/../../x", "", "a//b", ".drafts/0"] {
        let error = archive.put(key, Vec::new()).await.unwrap_err();
        assert!(error.0.contains("archive key"), "{key}: {error}");
    }
    assert!(!folder.path().join("x").exists());
}

#[tokio::test]
async fn an_error_names_the_file_and_leaves_no_temporary_file() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    fs::create_dir_all(folder.path().join("archive/meta/2026/01/02/abc")).unwrap();
    let error = archive.put("meta/2026/01/02/abc", b"x".to_vec()).await.unwrap_err();
    assert!(error.0.contains("archive/meta/2026/01/02/abc: "), "{error}");
    let temporary = folder.path().join("archive/.drafts");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);

    drop(archive);
    fs::write(temporary.join("7"), "left by a killed process").unwrap();
    drop(open(&folder));
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
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
    assert!(archive.get("../lock").await.is_err());
}
