use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use boot::{Environment, SettingError};

use crate::trust;

const CONNECT: Duration = Duration::from_secs(1);
/// Two of these and a pause stay below the 7 s that the door gives the queue.
const ATTEMPT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A frozen function finds its idle connections dead (aws-sdk-rust #440).
const IDLE: Duration = Duration::from_secs(20);

/// What every client needs: the standard AWS variables, understood once.
pub struct Session {
    pub(crate) config: SdkConfig,
    /// An emulator or a VPC endpoint by address, where bucket names cannot be host names.
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only S3 has them as host names"))]
    pub(crate) has_s3_endpoint: bool,
}

impl Session {
    /// Reads region, credentials, endpoints, proxies and trust as the AWS tools do, from the
    /// environment first and then from the profile files.
    ///
    /// # Errors
    /// `AWS_REGION` when there is no region, `AWS_CA_BUNDLE` or `SSL_CERT_FILE` when it cannot be
    /// used.
    pub async fn start(environment: &Environment) -> Result<Self, SettingError> {
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .build();
        let retries =
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE);
        // A dated version, so that retries and timeouts do not change with an update of the SDK.
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http_client(environment)?)
            .region(region)
            .timeout_config(timeouts)
            .retry_config(retries);
        let config = Box::pin(config.load()).await;
        if config.region().is_none() {
            return Err(SettingError::new("AWS_REGION", "is required, but not set"));
        }
        let has_s3_endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
            .iter()
            .any(|name| environment.optional(name).is_some());
        Ok(Self { config, has_s3_endpoint })
    }
}

/// One connector for all clients: they share its connections, and its roots are read once, where the
/// SDK would read them again for each client.
fn http_client(environment: &Environment) -> Result<SharedHttpClient, SettingError> {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .proxy_config(ProxyConfig::from_env())
        .pool_idle_timeout(IDLE)
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .tls_context(trust::context(environment)?)
        .build();
    let connector = SharedHttpConnector::new(connector);
    Ok(http_client_fn(move |_settings, _components| connector.clone()))
}
