use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use boot::{Environment, SettingError};

use crate::session::{CONNECT_TIMEOUT, behavior, no_region, retries, timeouts};
use crate::{Session, transport, trust};

impl Session {
    /// Starts an operator's session. Region and credentials come from the environment, then from the
    /// profile files and the other sources of the AWS tools.
    ///
    /// # Errors
    /// When there is no region, or the file of `AWS_CA_BUNDLE` or `SSL_CERT_FILE` cannot be used.
    pub async fn of_operator(environment: &Environment) -> Result<Self, SettingError> {
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        let config = aws_config::defaults(behavior())
            .http_client(transport::client(trust::of_operator(environment)?, CONNECT_TIMEOUT))
            .region(region)
            .timeout_config(timeouts())
            .retry_config(retries());
        let config = Box::pin(config.load()).await;
        config.region().ok_or_else(no_region)?;
        Ok(Self::new(config, environment))
    }
}
