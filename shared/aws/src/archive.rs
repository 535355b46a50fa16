use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_smithy_types::retry::RetryConfig;
use ports::{Archive, ArchiveReader, LARGEST_OBJECT, PortError, PortResult};

use crate::Session;
use crate::error::port_error;

const VARIABLE: &str = "ARCHIVE_BUCKET";

/// The timeout of an attempt. An object may be larger than a queue message, so it needs longer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The archive in one S3 bucket. The bucket's own settings encrypt it.
pub struct S3Archive {
    client: Client,
    bucket: String,
}

impl S3Archive {
    pub fn new(session: &Session, bucket: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
        let config = Builder::from(&session.config)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .force_path_style(session.has_s3_endpoint)
            .build();
        Self { client: Client::from_conf(config), bucket: bucket.into() }
    }
}

impl Archive for S3Archive {
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        let object = self.client.put_object().bucket(&self.bucket).key(key);
        let object = object.content_type("application/json").body(body.into());
        Box::pin(object.send()).await.map_err(|error| port_error(VARIABLE, "PutObject", &error))?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }
}

impl ArchiveReader for S3Archive {
    /// S3 lists keys in the order of their bytes (ListObjectsV2, `StartAfter`).
    async fn list(&self, prefix: &str, after: &str) -> PortResult<Vec<String>> {
        let page = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let page = Box::pin(page.start_after(after).send())
            .await
            .map_err(|error| port_error(VARIABLE, "ListObjectsV2", &error))?;
        let keys = page.contents.unwrap_or_default().into_iter();
        Ok(keys.filter_map(|object| object.key).collect())
    }

    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        let object = self.client.get_object().bucket(&self.bucket).key(key);
        let object = match Box::pin(object.send()).await {
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            object => object.map_err(|error| port_error(VARIABLE, "GetObject", &error))?,
        };
        let unreadable =
            |problem: String| PortError(format!("{VARIABLE}: GetObject: {key:?}: {problem}"));
        let length = object.content_length.unwrap_or(0).unsigned_abs();
        if length > LARGEST_OBJECT {
            return Err(unreadable(format!("{length} bytes is more than any archived object has")));
        }
        let body = object.body.collect().await;
        Ok(Some(body.map_err(|error| unreadable(error.to_string()))?.to_vec()))
    }
}
