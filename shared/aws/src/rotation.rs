use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use ports::{PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};

use crate::StoredSecret;
use crate::error::port_error;
use crate::secrets::{CURRENT, PENDING, PREVIOUS};

/// Replaces the value of a secret by means of stages (Secrets Manager, "Secret versions"). Each call
/// may be repeated.
impl StoredSecret {
    /// Stores `next` as AWSPENDING, and replaces another pending value.
    pub async fn begin(&self, next: &SecretString) -> PortResult<()> {
        // AWS would move the label, but emulators leave it on both versions.
        self.abandon().await?;
        let put = self
            .client
            .put_secret_value()
            .secret_id(&self.id)
            .secret_string(next.expose_secret())
            .version_stages(PENDING);
        Box::pin(put.send())
            .await
            .map(drop)
            .map_err(|error| port_error(&self.resource(), "PutSecretValue", &error))
    }

    /// Makes the pending value AWSCURRENT. The former value becomes AWSPREVIOUS, unless `keep_previous`
    /// is false.
    ///
    /// # Errors
    /// When no value is pending.
    pub async fn promote(&self, keep_previous: bool) -> PortResult<()> {
        let missing = |stage: &str| PortError(format!("{} has no {stage}", self.resource()));
        let next = self.version(PENDING).await?.ok_or_else(|| missing(PENDING))?;
        let former = self.version(CURRENT).await?.ok_or_else(|| missing(CURRENT))?;
        if next != former {
            // AWS moves AWSPREVIOUS with it.
            self.move_stage(CURRENT, Some(&next), Some(&former)).await?;
        }
        if let Some(previous) = self.version(PREVIOUS).await?.filter(|_| !keep_previous) {
            self.move_stage(PREVIOUS, None, Some(&previous)).await?;
        }
        self.move_stage(PENDING, None, Some(&next)).await
    }

    /// Drops the pending value, if there is one.
    pub async fn abandon(&self) -> PortResult<()> {
        match self.version(PENDING).await? {
            Some(pending) => self.move_stage(PENDING, None, Some(&pending)).await,
            None => Ok(()),
        }
    }

    async fn version(&self, stage: &str) -> PortResult<Option<String>> {
        Ok(self.stage(stage).await?.and_then(|output: GetSecretValueOutput| output.version_id))
    }

    async fn move_stage(
        &self,
        stage: &str,
        to: Option<&String>,
        from: Option<&String>,
    ) -> PortResult<()> {
        let update = self
            .client
            .update_secret_version_stage()
            .secret_id(&self.id)
            .version_stage(stage)
            .set_move_to_version_id(to.cloned())
            .set_remove_from_version_id(from.cloned());
        Box::pin(update.send())
            .await
            .map(drop)
            .map_err(|error| port_error(&self.resource(), "UpdateSecretVersionStage", &error))
    }
}
