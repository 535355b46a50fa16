use std::time::Duration;

use embedded::Stages;
use secrecy::SecretString;

use crate::error::{CommandError, CommandResult};
use crate::installation::PortFuture;
use crate::output::Output;

/// Interval between two tests of the webhook endpoint. It reads its secret again when it meets an
/// unknown one, at most every 5 s (`infra/docs/architecture.md`, "Secrets and rotation").
pub(crate) const TEST_INTERVAL: Duration = Duration::from_secs(6);
/// Maximum number of tests, one per [`TEST_INTERVAL`].
pub(crate) const TESTS: u32 = 3;
/// What follows an error after which nothing has changed.
pub(crate) const ROLLED_BACK: &str = "rolled back; nothing was changed";

/// Changes the stages of one webhook secret.
pub(crate) trait Rotation: Send + Sync {
    /// # Errors
    /// The secret cannot be read, or has no current value.
    fn stages(&self) -> PortFuture<'_, Stages>;

    /// Stores the next secret as pending, so that the webhook endpoint accepts both.
    fn begin<'a>(&'a self, next: &'a SecretString) -> PortFuture<'a, ()>;

    /// Makes the pending secret the current one. The old one stays valid as previous, if asked for.
    fn promote(&self, keep_previous: bool) -> PortFuture<'_, ()>;

    /// Forgets the pending secret.
    fn abandon(&self) -> PortFuture<'_, ()>;
}

impl dyn Rotation + '_ {
    /// Stores a new random secret as pending, and returns it.
    pub(crate) async fn begin_random(&self) -> CommandResult<SecretString> {
        let next = embedded::random_secret()?;
        self.begin(&next).await?;
        Ok(next)
    }

    /// The stages of a rotation that was stopped.
    ///
    /// # Errors
    /// No secret is pending.
    pub(crate) async fn stopped(&self) -> CommandResult<Stages> {
        let stages = self.stages().await?;
        match stages.pending {
            Some(_) => Ok(stages),
            None => Err(CommandError::not_found(
                "no rotation is in progress, so there is nothing to roll back",
            )),
        }
    }
}

/// Checks that the webhook endpoint refuses an old secret. `is_refused` sends it, and before that an
/// unknown one, which makes the endpoint read its own.
pub(crate) async fn confirm_refused(output: Output, old: &str, is_refused: impl AsyncFn() -> bool) {
    for _ in 0..TESTS {
        tokio::time::sleep(TEST_INTERVAL).await;
        if is_refused().await {
            let note = "the webhook endpoint refuses it (other instances of a function: after \
                        SECRET_CACHE_SECONDS at the latest)";
            return output.step(old, "ended", note);
        }
    }
    output.warn(&format!(
        "could not confirm that the webhook endpoint refuses the {old}; it ends after SECRET_CACHE_SECONDS"
    ));
}
