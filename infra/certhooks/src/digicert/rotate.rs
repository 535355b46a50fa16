use std::time::Duration;

use envelope::Provider;
use providers::digicert::webhook::{self, Key, Parameters, Refusal, SecretChange, Status, Webhook};
use secrecy::SecretString;

use super::access::Session;
use super::account::{Account, Trouble};
use super::words::Rotate;
use crate::fault::{Fault, Outcome};
use crate::output::Output;
use crate::store::Store;

/// A door that met an unknown key looks at its secret again after 5 s (design: "at most each 5 s").
const REFRESH: Duration = Duration::from_secs(6);
/// How often the door is asked until it answers as it shall, once per [`REFRESH`].
const LOOKS: u32 = 3;

const RUN_AGAIN: &str = "the door takes both keys: run `rotate` again, and it finishes";

/// The way of a rotation. How far it has come is read from what is stored here and at CertCentral, so
/// that it can be stopped anywhere.
struct Way<'a> {
    account: &'a Account,
    store: Store,
    webhook: Webhook,
    output: Output,
    compromised: bool,
}

pub(super) async fn run(arguments: &Rotate) -> Outcome<()> {
    let session = Session::open(&arguments.of.access).await?;
    let store = Store::open(&session.secrets, &arguments.here, Provider::Digicert).await?;
    let webhook = session.account.webhook(arguments.of.webhook_id).await?;
    let way = Way {
        account: &session.account,
        store,
        webhook,
        output: session.output,
        compromised: arguments.compromised,
    };
    if arguments.roll_back { way.roll_back().await } else { way.rotate().await }
}

impl Way<'_> {
    async fn rotate(&self) -> Outcome<()> {
        let old = Key::of(&self.store.stages().await?.current).ok();
        let next = self.pending().await?;
        if self.has(&self.webhook, &next) {
            self.output.step("update", "already", "CertCentral has the new key");
        } else {
            self.accepted(&next).await?;
            self.updated(&next).await?;
        }
        self.store.promote(!self.compromised).await.map_err(|fault| fault.then(RUN_AGAIN))?;
        let old_key = if self.compromised { "is gone" } else { "counts for 24 hours more" };
        self.output.step(
            "promote",
            "done",
            &format!("the new key is current, the old one {old_key}"),
        );
        if let Some(old) = old.filter(|old| self.compromised && !old.matches(&next)) {
            self.refused(&old).await?;
        }
        self.proved(&next).await?;
        self.unchanged().await
    }

    /// The new key, stored as pending. One that was stored before goes on, unless a compromise could
    /// have taken it along.
    async fn pending(&self) -> Outcome<Key> {
        let stored = self.store.stages().await?.pending;
        if let Some(next) = stored.and_then(|stored| Key::of(&stored).ok())
            && (!self.compromised || self.has(&self.webhook, &next))
        {
            self.output.step("pending", "already", "a new key is stored from a run before");
            return Ok(next);
        }
        let next: SecretString = self.store.random()?;
        self.store.begin(&next).await?;
        self.output.step("pending", "done", "a new key is stored, and the door takes both");
        Key::of(&next).map_err(|fault| Fault::failed(fault.to_string()))
    }

    /// Waits until the door knows the new key, and sees that it takes it before CertCentral sends it.
    async fn accepted(&self, next: &Key) -> Outcome<()> {
        tokio::time::sleep(REFRESH).await;
        match self.taken(next).await {
            Ok(()) => {
                self.output.step("door", "done", "it takes a test event with the new key");
                Ok(())
            }
            Err(trouble) => {
                self.store.abandon().await?;
                let fault = Fault::from(trouble).during("test event with the new key");
                Err(fault.then("rolled back: nothing was changed"))
            }
        }
    }

    async fn updated(&self, next: &Key) -> Outcome<()> {
        if let Err(trouble) = self.set(next).await {
            if trouble.is_definite() {
                self.store.abandon().await?;
                return Err(Fault::from(trouble).then("rolled back: nothing was changed"));
            }
            // It may have been done all the same, or be done yet: nothing is taken back.
            let now = self.account.webhook(Some(self.webhook.id)).await;
            if !now.is_ok_and(|webhook| self.has(&webhook, next)) {
                return Err(Fault::from(trouble).then(RUN_AGAIN));
            }
        }
        self.output.step("update", "done", "CertCentral has the new key");
        Ok(())
    }

    /// Sees that the door refuses the old key. A key that it does not know makes it look at its secret.
    async fn refused(&self, old: &Key) -> Outcome<()> {
        let unknown = self.store.random()?;
        let unknown = Key::of(&unknown).map_err(|fault| Fault::failed(fault.to_string()))?;
        for _ in 0..LOOKS {
            tokio::time::sleep(REFRESH).await;
            let _made_to_look = self.test(&unknown).await;
            if self.test(old).await.is_err_and(|trouble| trouble.is(&Refusal::EndpointError)) {
                let note = "the door refuses it (further copies of a function: after \
                            SECRET_CACHE_SECONDS at the latest)";
                self.output.step("old key", "ended", note);
                return Ok(());
            }
        }
        self.output.warn("the door still takes the old key; it ends after SECRET_CACHE_SECONDS");
        Ok(())
    }

    async fn proved(&self, next: &Key) -> Outcome<()> {
        self.taken(next).await.map_err(|trouble| {
            let fault = Fault::from(trouble).during("test event with the new key");
            fault.then("the rotation itself is done: see `test`")
        })?;
        self.output.step("test", "done", "the door took a test event with the new key");
        Ok(())
    }

    /// Only the secret shall have changed.
    async fn unchanged(&self) -> Outcome<()> {
        let now = self.account.webhook(Some(self.webhook.id)).await?;
        if self.webhook.status == Status::Active && now.status != Status::Active {
            return Err(Fault::failed(format!(
                "the key is rotated, but CertCentral made the webhook {}: run `subscribe`",
                now.status.as_str()
            )));
        }
        if now.events != self.webhook.events || now.settings != self.webhook.settings {
            self.output.warn("CertCentral changed events or settings of the webhook: see `show`");
        }
        Ok(())
    }

    async fn roll_back(&self) -> Outcome<()> {
        let stages = self.store.stages().await?;
        if stages.pending.is_none() {
            return Err(Fault::nothing("no rotation is under way"));
        }
        let current = Key::of(&stages.current);
        let current = current.map_err(|fault| Fault::failed(format!("current key: {fault}")))?;
        // What CertCentral does not show may be the pending one.
        if !self.has(&self.webhook, &current) {
            self.set(&current).await.map_err(|trouble| {
                Fault::from(trouble).then("the door takes both keys: run this again")
            })?;
            self.output.step("update", "done", "CertCentral has the current key again");
        }
        self.store.abandon().await?;
        self.output.step("pending", "removed", "the current key stays");
        Ok(())
    }

    /// Whether the door takes a key, given time for one more look at its secret.
    async fn taken(&self, key: &Key) -> Result<(), Trouble> {
        for _ in 1..LOOKS {
            match self.test(key).await {
                Err(trouble) if trouble.is(&Refusal::EndpointError) => {
                    tokio::time::sleep(REFRESH).await;
                }
                outcome => return outcome,
            }
        }
        self.test(key).await
    }

    fn has(&self, webhook: &Webhook, key: &Key) -> bool {
        webhook.secret.as_ref().is_some_and(|there| there.matches(key))
    }

    async fn set(&self, key: &Key) -> Result<(), Trouble> {
        let parameters = Parameters {
            secret: SecretChange::Set(key.clone()),
            ..Parameters::of(self.webhook.endpoint.clone())
        };
        self.account.act(&webhook::update(self.webhook.id, &parameters)).await
    }

    async fn test(&self, key: &Key) -> Result<(), Trouble> {
        self.account.act(&webhook::test_endpoint(&self.webhook.endpoint, Some(key))).await
    }
}
