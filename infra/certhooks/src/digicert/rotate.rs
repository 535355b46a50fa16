use providers::digicert::admin::{self, ENDPOINT_ERROR, Parameters, SecretChange, Status, Webhook};
use providers::sent_secret::SentSecret;

use super::args::{Access, Rotate};
use super::session::{PROVIDER, Session};
use crate::archive::list_suspects;
use crate::args::RotationArgs;
use crate::client::CallError;
use crate::credentials::usable;
use crate::error::{CommandError, CommandResult};
use crate::installation::Rotation;
use crate::installation::rotation::{ROLLED_BACK, TEST_INTERVAL, TESTS, confirm_refused};
use crate::output::Output;

const RUN_AGAIN: &str = "the webhook endpoint accepts both keys; run `certhooks digicert webhook rotate` again to finish";

/// The steps of a rotation. Its progress is read from what the installation and CertCentral have
/// stored, so it can be stopped anywhere and run again.
struct RotationPlan<'a> {
    session: &'a Session,
    secret: Box<dyn Rotation + 'a>,
    webhook: Webhook,
    output: Output,
    compromised: bool,
}

pub(super) async fn run(access: &Access, arguments: &Rotate) -> CommandResult<()> {
    let session = Session::open(access).await?;
    let RotationArgs { compromised, list, since, roll_back, stack } = &arguments.rotation;
    let installation = session.installation(stack).await?;
    if *list {
        return list_suspects(&*installation, PROVIDER, *since, session.output).await;
    }
    let secret = installation.rotation(PROVIDER)?;
    let webhook = session.webhook(arguments.webhook.webhook_id).await?;
    let (session, output) = (&session, session.output);
    let plan = RotationPlan { session, secret, webhook, output, compromised: *compromised };
    if *roll_back {
        return plan.roll_back().await;
    }
    plan.rotate().await?;
    list_suspects(&*installation, PROVIDER, *since, output).await
}

impl RotationPlan<'_> {
    async fn rotate(&self) -> CommandResult<()> {
        let old = SentSecret::of::<DigicertReceiver>(&self.secret.stages().await?.current).ok();
        let next = self.pending().await?;
        if self.has(&self.webhook, &next) {
            self.output.step("update", "already", "CertCentral has the new key");
        } else {
            self.test_endpoint(&next).await?;
            self.update(&next).await?;
        }
        let promoted = self.secret.promote(!self.compromised).await;
        promoted.map_err(|error| CommandError::from(error).followed_by(RUN_AGAIN))?;
        let old_key = if self.compromised { "ended" } else { "is valid for another 24 hours" };
        self.output.step(
            "promote",
            "done",
            &format!("the new key is current; the old one {old_key}"),
        );
        if let Some(old) = old.filter(|old| self.compromised && !old.matches(&next)) {
            self.confirm_refused(&old).await?;
        }
        self.final_test(&next).await?;
        self.check_unchanged().await
    }

    /// The new key, stored as pending. One that an earlier run stored is used, unless it may have been
    /// compromised with the current one.
    async fn pending(&self) -> CommandResult<SentSecret> {
        let stored = self.secret.stages().await?.pending;
        if let Some(next) =
            stored.and_then(|stored| SentSecret::of::<DigicertReceiver>(&stored).ok())
            && (!self.compromised || self.has(&self.webhook, &next))
        {
            self.output.step("pending", "already", "a new key was stored by an earlier run");
            return Ok(next);
        }
        let next = self.secret.begin_random().await?;
        self.output.step(
            "pending",
            "done",
            "a new key is stored; the webhook endpoint accepts both",
        );
        usable::<DigicertReceiver>("the new key", &next)
    }

    /// Waits until the webhook endpoint knows the new key, and checks that it accepts it before
    /// CertCentral sends it.
    async fn test_endpoint(&self, next: &SentSecret) -> CommandResult<()> {
        tokio::time::sleep(TEST_INTERVAL).await;
        match self.test_until_accepted(next).await {
            Ok(()) => {
                self.output.step("endpoint", "done", "it accepted a test event with the new key");
                Ok(())
            }
            Err(error) => {
                self.secret.abandon().await?;
                let error = CommandError::from(error).during("test event with the new key");
                Err(error.followed_by(ROLLED_BACK))
            }
        }
    }

    /// Gives CertCentral the new key.
    async fn update(&self, next: &SentSecret) -> CommandResult<()> {
        if let Err(error) = self.set(next).await {
            if error.is_definite() {
                self.secret.abandon().await?;
                return Err(CommandError::from(error).followed_by(ROLLED_BACK));
            }
            // CertCentral may have done it, or may still do it, so nothing is rolled back.
            let current = self.session.webhook(Some(self.webhook.id)).await;
            if !current.is_ok_and(|webhook| self.has(&webhook, next)) {
                return Err(CommandError::from(error).followed_by(RUN_AGAIN));
            }
        }
        self.output.step("update", "done", "CertCentral has the new key");
        Ok(())
    }

    async fn confirm_refused(&self, old: &SentSecret) -> CommandResult<()> {
        let unknown = usable::<DigicertReceiver>("the new key", &embedded::random_secret()?)?;
        confirm_refused(self.output, "old key", async || {
            let _makes_it_read = self.test(&unknown).await;
            self.test(old).await.is_err_and(|error| error.is(ENDPOINT_ERROR))
        })
        .await;
        Ok(())
    }

    async fn final_test(&self, next: &SentSecret) -> CommandResult<()> {
        self.test_until_accepted(next).await.map_err(|error| {
            let error = CommandError::from(error).during("test event with the new key");
            error.followed_by("the rotation itself is complete; repeat the test with `certhooks digicert webhook test`")
        })?;
        self.output.step("test", "done", "the endpoint accepted a test event with the new key");
        Ok(())
    }

    /// Checks that CertCentral changed nothing but the secret.
    async fn check_unchanged(&self) -> CommandResult<()> {
        let current = self.session.webhook(Some(self.webhook.id)).await?;
        if self.webhook.status == Status::Active && current.status != Status::Active {
            return Err(CommandError::failed(format!(
                "the key is rotated, but CertCentral made the webhook {}; run `certhooks digicert webhook \
                 subscribe`",
                current.status.as_str()
            )));
        }
        if current.events != self.webhook.events || current.settings != self.webhook.settings {
            self.output.warn("CertCentral changed events or settings of the webhook; check them with `certhooks digicert webhook show`");
        }
        Ok(())
    }

    async fn roll_back(&self) -> CommandResult<()> {
        let stages = self.secret.stopped().await?;
        let current = usable::<DigicertReceiver>("the current webhook key", &stages.current)?;
        // Where CertCentral does not show its key, it may be the pending one.
        if !self.has(&self.webhook, &current) {
            self.set(&current).await.map_err(|error| {
                CommandError::from(error)
                    .followed_by("the webhook endpoint accepts both keys; run this command again")
            })?;
            self.output.step("update", "done", "CertCentral has the current key again");
        }
        self.secret.abandon().await?;
        self.output.step("pending", "removed", "the current key stays");
        Ok(())
    }

    /// Sends test events with a key until the webhook endpoint, which may have to read its secret again,
    /// accepts it.
    async fn test_until_accepted(&self, key: &SentSecret) -> Result<(), CallError> {
        for _ in 1..TESTS {
            match self.test(key).await {
                Err(error) if error.is(ENDPOINT_ERROR) => {
                    tokio::time::sleep(TEST_INTERVAL).await;
                }
                outcome => return outcome,
            }
        }
        self.test(key).await
    }

    fn has(&self, webhook: &Webhook, key: &SentSecret) -> bool {
        webhook.secret.as_ref().is_some_and(|there| there.matches(key))
    }

    async fn set(&self, key: &SentSecret) -> Result<(), CallError> {
        let parameters = Parameters {
            secret: SecretChange::Set(key.clone()),
            ..Parameters::of(self.webhook.endpoint.clone())
        };
        self.session.act(&admin::update(self.webhook.id, &parameters)).await
    }

    async fn test(&self, key: &SentSecret) -> Result<(), CallError> {
        self.session.act(&admin::test_endpoint(&self.webhook.endpoint, Some(key))).await
    }
}
