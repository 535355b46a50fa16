use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_smithy_types::retry::RetryConfig;
use ports::{Archive, PortResult};

use crate::Session;
use crate::fault::fault;

/// An object may have a megabyte; a queue message takes less.
const ATTEMPT: Duration = Duration::from_secs(5);

/// The archive in one S3 bucket, which encrypts by its own settings.
pub struct S3Archive {
    client: Client,
    bucket: String,
}

impl S3Archive {
    pub fn new(session: &Session, bucket: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build();
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
        Box::pin(object.send())
            .await
            .map_err(|error| fault("ARCHIVE_BUCKET", "PutObject", &error))?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }
}
