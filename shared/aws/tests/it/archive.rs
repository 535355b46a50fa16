use aws::S3Archive;
use ports::Archive;

use crate::stage::stage;

#[tokio::test]
async fn objects_are_kept_as_they_come() {
    let Some(stage) = stage("archive::objects_are_kept_as_they_come").await else { return };
    stage.emulator.bucket("archive").await.unwrap();
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
