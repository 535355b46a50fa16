use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use boot::{Environment, SettingError};

use crate::session::{CONNECT, behavior, no_region, retries, timeouts};
use crate::{Session, transport, trust};

impl Session {
    /// An operator's: as the AWS tools have it, from the environment first and then from the profile
    /// files and the other places where they find credentials.
    ///
    /// # Errors
    /// `AWS_REGION` when there is no region, `AWS_CA_BUNDLE` or `SSL_CERT_FILE` when it cannot be
    /// used.
    pub async fn of_operator(environment: &Environment) -> Result<Self, SettingError> {
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new());
        let config = aws_config::defaults(behavior())
            .http_client(transport::client(trust::of_operator(environment)?, CONNECT))
            .region(region)
            .timeout_config(timeouts())
            .retry_config(retries());
        let config = Box::pin(config.load()).await;
        config.region().ok_or_else(no_region)?;
        Ok(Self::new(config, environment))
    }
}
