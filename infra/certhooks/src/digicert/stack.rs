use aws::{DynamoLedger, StackOutputs, StoredSecret};
use boot::Environment;
use data_encoding::BASE64URL_NOPAD;
use embedded::{Stages, WaitingChallenge};
use ports::SecretSource;
use providers::digicert::webhook::{Endpoint, Key};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::fault::{Fault, Outcome};

/// The member that holds the key (design section 5).
const MEMBER: &str = "webhook_key";

/// A door that is deployed on AWS, by the name of its stack.
pub(crate) struct Stack {
    pub(super) name: String,
    outputs: StackOutputs,
    secret: StoredSecret,
    ledger: DynamoLedger,
}

/// A secret of Secrets Manager, for an option that names it.
pub(crate) async fn stored(
    environment: &Environment,
    option: &'static str,
    id: &str,
) -> Outcome<SecretString> {
    let session = aws::Session::start(environment).await?;
    let versions = StoredSecret::new(&session, option, id).current().await?;
    versions.current.ok_or_else(|| Fault::failed(format!("{option} {id}: has no value")))
}

impl Stack {
    pub(super) async fn open(environment: &Environment, name: &str) -> Outcome<Self> {
        let session = aws::Session::start(environment).await?;
        let outputs = StackOutputs::read(&session, name).await?;
        let secret = outputs.named("DigicertWebhookSecretName")?;
        let secret = StoredSecret::new(&session, "DigicertWebhookSecretName", secret);
        let ledger = DynamoLedger::new(&session, outputs.named("LedgerTable")?);
        Ok(Self { name: name.to_owned(), outputs, secret, ledger })
    }

    pub(super) fn endpoint(&self) -> Outcome<Endpoint> {
        let url = self.outputs.named("DigicertWebhookUrl")?;
        Endpoint::parse(url)
            .map_err(|fault| Fault::failed(format!("DigicertWebhookUrl {url}: {fault}")))
    }

    pub(super) async fn key(&self) -> Outcome<Key> {
        let current = self.stages().await?.current;
        Key::of(&current).map_err(|fault| {
            Fault::failed(format!("webhook secret of stack {}: {fault}", self.name))
        })
    }

    pub(super) async fn tokens(&self) -> Outcome<Vec<WaitingChallenge>> {
        let tokens = self.ledger.tokens().await?.into_iter();
        let challenge = |token: aws::WaitingToken| WaitingChallenge {
            webhook_id: token.webhook_id,
            token: token.token,
            expires: token.expires,
        };
        Ok(tokens.map(challenge).collect())
    }

    /// As stored: a JSON object each, or a plain string.
    pub(super) async fn stages(&self) -> Outcome<Stages> {
        let versions = self.secret.all().await?;
        let current =
            versions.current.ok_or_else(|| Fault::failed("the webhook secret has no value"))?;
        Ok(Stages { current, pending: versions.pending, previous: versions.previous })
    }

    pub(super) async fn begin(&self, next: &SecretString) -> Outcome<()> {
        let current = self.stages().await?.current;
        // Whatever else an operator keeps in it goes along.
        let stored = serde_json::from_str(current.expose_secret()).ok().filter(Value::is_object);
        let mut stored = stored.unwrap_or_else(|| json!({}));
        stored[MEMBER] = next.expose_secret().into();
        Ok(self.secret.begin(&stored.to_string().into()).await?)
    }

    pub(super) async fn promote(&self, keep_previous: bool) -> Outcome<()> {
        Ok(self.secret.promote(keep_previous).await?)
    }

    pub(super) async fn abandon(&self) -> Outcome<()> {
        Ok(self.secret.abandon().await?)
    }

    /// 43 characters of base64url: 256 bits.
    pub(super) fn random(&self) -> Outcome<SecretString> {
        let mut bytes = [0; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Fault::failed("the system gives no random bytes"))?;
        Ok(BASE64URL_NOPAD.encode(&bytes).into())
    }
}
