use aws::S3Archive;
use ports::{Archive, ArchiveReader};

use crate::stage::stage;

#[tokio::test]
async fn objects_are_kept_unchanged() {
    let stage = stage().await;
    stage.emulator.create_bucket("archive").await.unwrap();
    let archive = S3Archive::new(&stage.session, "archive");
    let (key, body) = ("meta/2026/08/16/0123.ab", "{\"a\":\"ü\"}");
    for _ in 0..2 {
        let uri = archive.put(key, body.as_bytes().to_vec()).await.unwrap();
        assert_eq!(uri, "s3://archive/meta/2026/08/16/0123.ab");
    }
    assert_eq!(stage.emulator.object("archive", key).await.unwrap(), body);

    let missing = S3Archive::new(&stage.session, "missing");
    let error = missing.put(key, Vec::new()).await.unwrap_err().to_string();
    assert!(error.starts_with("ARCHIVE_BUCKET: PutObject: NoSuchBucket"), "{error}");
}

#[tokio::test]
async fn objects_are_listed_page_by_page_and_read() {
    let stage = stage().await;
    stage.emulator.create_bucket("archive").await.unwrap();
    let archive = S3Archive::new(&stage.session, "archive");
    let keys: Vec<String> =
        (0..1005).map(|number| format!("digicert/2026/01/02/{number:04}")).collect();
    for keys in keys.chunks(100) {
        let put = keys.iter().map(|key| archive.put(key, key.as_bytes().to_vec()));
        futures_util::future::try_join_all(put).await.unwrap();
    }
    archive.put("meta/2026/01/02/x", Vec::new()).await.unwrap();
    let mut listed: Vec<String> = Vec::new();
    loop {
        let after = listed.last().cloned().unwrap_or_default();
        match archive.list("digicert/", &after).await.unwrap() {
            page if page.is_empty() => break,
            page => listed.extend(page),
        }
    }
    assert_eq!(listed, keys);
    let after = archive.list("digicert/", "digicert/2026/01/02/1003").await.unwrap();
    assert_eq!(after, ["digicert/2026/01/02/1004"]);
    assert_eq!(archive.get(&keys[7]).await.unwrap().unwrap(), keys[7].as_bytes());
    assert_eq!(archive.get("digicert/none").await.unwrap(), None);
    let missing = S3Archive::new(&stage.session, "missing");
    let error = missing.list("digicert/", "").await.unwrap_err().to_string();
    assert!(error.starts_with("ARCHIVE_BUCKET: ListObjectsV2: NoSuchBucket"), "{error}");
}
