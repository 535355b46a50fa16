use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::StalledStreamProtectionConfig;
use boot::{Environment, SettingError};

use crate::endpoints::Endpoints;
use crate::{transport, trust};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Two attempts and a pause stay below the 7 seconds that a webhook endpoint gives the queue.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_ATTEMPTS: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The configuration of all clients, read once from the standard AWS variables.
pub struct Session {
    pub(crate) config: SdkConfig,
    /// Whether S3 is an emulator or a VPC endpoint, where bucket names cannot be host names.
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only S3 uses it"))]
    pub(crate) has_s3_endpoint: bool,
}

impl Session {
    /// Starts a function's session. Region, credentials, endpoints, proxies and trusted roots come from
    /// the variables that Lambda sets. `aws-config` would read the same, but would look for profile
    /// files first, and link clients of STS and of the instance metadata (see
    /// [`of_operator`](Self::of_operator)).
    ///
    /// # Errors
    /// When `AWS_REGION`, `AWS_ACCESS_KEY_ID` or `AWS_SECRET_ACCESS_KEY` is unset, or the file of
    /// `AWS_CA_BUNDLE` or `SSL_CERT_FILE` cannot be used.
    pub fn start(environment: &Environment) -> Result<Self, SettingError> {
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        let region =
            region.iter().find_map(|name| environment.optional(name)).ok_or_else(no_region)?;
        let endpoints = Endpoints::of(environment)?;
        let mut config = SdkConfig::builder()
            .behavior_version(behavior())
            .region(Region::new(region.to_owned()))
            .use_fips(environment.flag("AWS_USE_FIPS_ENDPOINT")?)
            .use_dual_stack(environment.flag("AWS_USE_DUALSTACK_ENDPOINT")?)
            .http_client(transport::client(trust::of_function(environment)?, CONNECT_TIMEOUT))
            .credentials_provider(credentials(environment)?)
            .timeout_config(timeouts())
            // The timeout of an attempt covers whole requests and answers here, since none is streamed.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(retries());
        config.set_endpoint_url(endpoints.for_all());
        let config = config.service_config(endpoints).build();
        Ok(Self::new(config, environment))
    }

    pub(crate) fn new(config: SdkConfig, environment: &Environment) -> Self {
        let has_s3_endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
            .iter()
            .any(|name| environment.optional(name).is_some());
        Self { config, has_s3_endpoint }
    }
}

/// A dated version, so that retries and timeouts do not change with an update of the SDK.
pub(crate) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(FIRST_PAUSE)
}

pub(crate) fn no_region() -> SettingError {
    SettingError::new("AWS_REGION", "is required, but not set")
}

/// The credentials that Lambda sets, which are valid for the life of the process.
fn credentials(environment: &Environment) -> Result<SharedCredentialsProvider, SettingError> {
    let mut credentials = Credentials::builder()
        .access_key_id(environment.required("AWS_ACCESS_KEY_ID")?)
        .secret_access_key(environment.required("AWS_SECRET_ACCESS_KEY")?)
        .provider_name("Environment");
    credentials.set_session_token(environment.optional("AWS_SESSION_TOKEN").map(str::to_owned));
    Ok(SharedCredentialsProvider::new(credentials.build()))
}
