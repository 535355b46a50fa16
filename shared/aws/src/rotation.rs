use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use ports::{PortError, PortResult};
use secrecy::{ExposeSecret, SecretString};

use crate::StoredSecret;
use crate::fault::fault;
use crate::secrets::{CURRENT, PENDING, PREVIOUS};

/// From one value to the next by way of the stages (Secrets Manager, "Secret versions"). Each call may
/// be repeated.
impl StoredSecret {
    /// Stores `next` as AWSPENDING, in the place of another pending one.
    pub async fn begin(&self, next: &SecretString) -> PortResult<()> {
        // The label would move by itself; not so at emulators, which leave it on both.
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
            .map_err(|error| fault(&self.resource(), "PutSecretValue", &error))
    }

    /// Makes AWSPENDING the AWSCURRENT one. The one until now becomes AWSPREVIOUS; with
    /// `keep_previous` false, nothing is.
    ///
    /// # Errors
    /// Nothing is pending.
    pub async fn promote(&self, keep_previous: bool) -> PortResult<()> {
        let none = |stage: &str| PortError(format!("{} has no {stage}", self.resource()));
        let next = self.version(PENDING).await?.ok_or_else(|| none(PENDING))?;
        let until_now = self.version(CURRENT).await?.ok_or_else(|| none(CURRENT))?;
        if next != until_now {
            // AWSPREVIOUS moves along by itself.
            self.stage_to(CURRENT, Some(&next), Some(&until_now)).await?;
        }
        if let Some(previous) = self.version(PREVIOUS).await?.filter(|_| !keep_previous) {
            self.stage_to(PREVIOUS, None, Some(&previous)).await?;
        }
        self.stage_to(PENDING, None, Some(&next)).await
    }

    /// Forgets what is pending, if anything is.
    pub async fn abandon(&self) -> PortResult<()> {
        match self.version(PENDING).await? {
            Some(pending) => self.stage_to(PENDING, None, Some(&pending)).await,
            None => Ok(()),
        }
    }

    async fn version(&self, stage: &str) -> PortResult<Option<String>> {
        Ok(self.stage(stage).await?.and_then(|output: GetSecretValueOutput| output.version_id))
    }

    async fn stage_to(
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
            .map_err(|error| fault(&self.resource(), "UpdateSecretVersionStage", &error))
    }
}
