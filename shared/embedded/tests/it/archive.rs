use std::fs;
use std::os::unix::fs::PermissionsExt;

use ports::Archive;

use crate::folder::TestFolder;
use crate::open;

#[tokio::test]
async fn objects_are_files_below_the_archive() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    let uri = archive.put("meta/2026/01/02/abc", b"envelope".to_vec()).await.unwrap();
    let path = folder.path().join("archive/meta/2026/01/02/abc");
    assert_eq!(uri, format!("file://{}", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"envelope");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(archive.put("meta/2026/01/02/abc", b"again".to_vec()).await.unwrap(), uri);
    assert_eq!(fs::read(&path).unwrap(), b"again");

    let uri = archive.put("meta/2026/01/02/abc/def", b"part".to_vec()).await.unwrap();
    assert_eq!(fs::read(uri.strip_prefix("file://").unwrap()).unwrap(), b"part");
    assert_eq!(fs::read(&path).unwrap(), b"again");
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
async fn a_fault_names_the_file_and_leaves_no_draft() {
    let folder = TestFolder::new();
    let archive = open(&folder).archive();
    fs::create_dir_all(folder.path().join("archive/meta/2026/01/02/abc")).unwrap();
    let error = archive.put("meta/2026/01/02/abc", b"x".to_vec()).await.unwrap_err();
    assert!(error.0.contains("archive/meta/2026/01/02/abc: "), "{error}");
    let drafts = folder.path().join("archive/.drafts");
    assert_eq!(fs::read_dir(&drafts).unwrap().count(), 0);

    drop(archive);
    fs::write(drafts.join("7"), "left by a killed process").unwrap();
    drop(open(&folder));
    assert_eq!(fs::read_dir(&drafts).unwrap().count(), 0);
}
