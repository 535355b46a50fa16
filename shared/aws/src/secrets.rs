use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use ports::{PortError, PortResult, SecretIds, SecretSource, SecretVersions};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::Session;
use crate::error::port_error;

pub(crate) const CURRENT: &str = "AWSCURRENT";
pub(crate) const PENDING: &str = "AWSPENDING";
pub(crate) const PREVIOUS: &str = "AWSPREVIOUS";

/// One secret in Secrets Manager.
pub struct StoredSecret {
    pub(crate) client: Client,
    /// The variable that holds the id, which names the secret in errors.
    variable: &'static str,
    /// The name or ARN.
    pub(crate) id: String,
}

impl StoredSecret {
    pub fn new(session: &Session, variable: &'static str, id: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), variable, id: id.into() }
    }

    /// Reads the version with a stage; `None` when no version has it.
    pub(crate) async fn stage(&self, stage: &str) -> PortResult<Option<GetSecretValueOutput>> {
        let request = self.client.get_secret_value().secret_id(&self.id).version_stage(stage);
        match Box::pin(request.send()).await {
            Ok(version) => Ok(Some(version)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(port_error(&self.resource(), "GetSecretValue", &error)),
        }
    }

    /// Reads the current stage, without which the secret is unusable.
    async fn current_version(&self) -> PortResult<SecretVersions> {
        let missing = || {
            PortError(format!("{}: there is no such secret, or it has no value", self.resource()))
        };
        let version = self.stage(CURRENT).await?.ok_or_else(missing)?;
        let current_created = version
            .created_date()
            .and_then(|created| OffsetDateTime::from_unix_timestamp_nanos(created.as_nanos()).ok());
        let binary = || {
            PortError(format!(
                "{}: the secret is binary; store it as SecretString",
                self.resource()
            ))
        };
        let ids = SecretIds { current: version.version_id.clone(), ..SecretIds::default() };
        let current = Some(text(version).ok_or_else(binary)?);
        Ok(SecretVersions { current, current_created, ids, ..SecretVersions::default() })
    }

    pub(crate) fn resource(&self) -> String {
        format!("{} ({})", self.variable, self.id)
    }
}

impl SecretSource for StoredSecret {
    async fn current(&self) -> PortResult<SecretVersions> {
        self.current_version().await
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        let (versions, pending, previous) =
            tokio::try_join!(self.current_version(), self.stage(PENDING), self.stage(PREVIOUS))?;
        let id = |version: &Option<GetSecretValueOutput>| version.as_ref()?.version_id.clone();
        let ids = SecretIds { pending: id(&pending), previous: id(&previous), ..versions.ids };
        // A binary value of these two stages is ignored.
        Ok(SecretVersions {
            ids,
            pending: pending.and_then(text),
            previous: previous.and_then(text),
            ..versions
        })
    }
}

fn text(version: GetSecretValueOutput) -> Option<SecretString> {
    version.secret_string.map(SecretString::from)
}
