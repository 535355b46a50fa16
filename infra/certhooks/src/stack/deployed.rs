use aws::{
    DynamoLedger, S3Archive, Session, SqsDeadLetters, SqsDeliveries, SqsEvents, StackOutputs,
    StoredSecret,
};
use boot::Environment;
use data_encoding::BASE64URL_NOPAD;
use embedded::WaitingChallenge;
use envelope::Provider;
use ports::{History, PortError, PortResult, SecretSource, SecretVersions};
use providers::profile;
use reconciliation::{Job, Ports, Reconciler, Report, Settings};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::credentials::ResolvedKey;
use crate::error::{CommandError, CommandResult};
use crate::stack::dead_letter_queues::DeadLetterQueues;
use crate::stack::{Depth, Depths};

/// Outputs of the stack that hold the queues' URLs.
const EVENTS: &str = "EventsQueueUrl";
const DELIVERIES: &str = "DeliveriesQueueUrl";

/// A deployed stack of `infra/aws/template.yaml`.
pub(crate) struct Stack {
    name: String,
    session: Session,
    outputs: StackOutputs,
}

/// The current value of the secret in Secrets Manager that `option` names.
///
/// # Errors
/// The secret cannot be read, or has no value.
pub(crate) async fn stored(
    environment: &Environment,
    option: &'static str,
    id: &str,
) -> CommandResult<SecretString> {
    let session = Session::of_operator(environment).await?;
    let versions = StoredSecret::new(&session, option, id).current().await?;
    versions.current.ok_or_else(|| CommandError::failed(format!("{option} {id}: the secret has no value; store one with `aws secretsmanager put-secret-value`")))
}

impl Stack {
    pub(crate) async fn open(environment: &Environment, name: &str) -> CommandResult<Self> {
        let session = Session::of_operator(environment).await?;
        let outputs = StackOutputs::read(&session, name).await?;
        Ok(Self { name: name.to_owned(), session, outputs })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The address of the provider's webhook endpoint.
    ///
    /// # Errors
    /// The provider is switched off, or the stack is not one of Certhooks.
    pub(crate) fn url(&self, provider: Provider) -> PortResult<&str> {
        self.outputs.named(profile::of(provider).stack_outputs.webhook_url)
    }

    /// The address ranges from which the webhook endpoint for CertCentral may be reached, separated by
    /// commas; `None` where the stack has no such parameter.
    pub(crate) fn digicert_sources(&self) -> Option<&str> {
        self.outputs.parameter("DigicertSourceCidrs")
    }

    /// The name of the webhook secret in Secrets Manager.
    ///
    /// # Errors
    /// As for [`url`](Self::url).
    pub(crate) fn secret_name(&self, provider: Provider) -> PortResult<&str> {
        self.outputs.named(profile::of(provider).stack_outputs.webhook_secret)
    }

    /// The webhook secret in all its stages, as stored: each a JSON object or a plain string.
    pub(crate) async fn versions(&self, provider: Provider) -> PortResult<SecretVersions> {
        self.secret(provider)?.all().await
    }

    /// A new secret: 256 random bits as 43 characters of base64url.
    pub(crate) fn random(&self) -> PortResult<SecretString> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled
            .map_err(|_| PortError("the operating system returned no random bytes".to_owned()))?;
        Ok(BASE64URL_NOPAD.encode(&bytes).into())
    }

    /// Stores the next webhook secret as pending, so that the webhook endpoint accepts both.
    pub(crate) async fn begin(&self, provider: Provider, next: &SecretString) -> PortResult<()> {
        let secret = self.secret(provider)?;
        let current = secret.current().await?.current;
        // Whatever else an operator keeps in the secret is kept.
        let stored = current.and_then(|text| serde_json::from_str(text.expose_secret()).ok());
        let mut stored = stored.filter(Value::is_object).unwrap_or_else(|| json!({}));
        stored[profile::of(provider).webhook_secret[0].stored_as] = next.expose_secret().into();
        secret.begin(&stored.to_string().into()).await
    }

    /// Makes the pending secret the current one.
    pub(crate) async fn promote(&self, provider: Provider, keep_previous: bool) -> PortResult<()> {
        self.secret(provider)?.promote(keep_previous).await
    }

    /// Forgets the pending secret.
    pub(crate) async fn abandon(&self, provider: Provider) -> PortResult<()> {
        self.secret(provider)?.abandon().await
    }

    /// The tokens of CertCentral's challenges that wait to be used.
    pub(crate) async fn tokens(&self) -> PortResult<Vec<WaitingChallenge>> {
        let ledger = DynamoLedger::new(&self.session, self.outputs.named("LedgerTable")?);
        let tokens = ledger.tokens().await?.into_iter();
        let challenge = |token: aws::WaitingToken| WaitingChallenge {
            webhook_id: token.webhook_id,
            token: token.token,
            expires: token.expires,
        };
        Ok(tokens.map(challenge).collect())
    }

    /// See [`DynamoLedger::histories`].
    pub(crate) async fn histories(&self, names: Vec<String>) -> PortResult<Vec<History>> {
        let ledger = DynamoLedger::new(&self.session, self.outputs.named("LedgerTable")?);
        ledger.histories(names).await
    }

    /// Runs one reconciliation, with the stack's API key unless `key` is given.
    pub(crate) async fn reconcile(
        &self,
        settings: &Settings,
        key: Option<ResolvedKey>,
        job: &Job,
    ) -> CommandResult<Report> {
        const KEY: &str = "DigicertApiSecretName";
        let output = |name| self.outputs.named(name);
        let key = match key {
            Some(ResolvedKey(key)) => Some(key),
            None => {
                let stored = StoredSecret::new(&self.session, KEY, output(KEY)?);
                stored.current().await?.current
            }
        };
        let key = ResolvedKey(key.ok_or(reconciliation::RunError::NoKey)?);
        let events = SqsEvents::new(&self.session, output(EVENTS)?);
        let ledger = DynamoLedger::new(&self.session, output("LedgerTable")?);
        Ok(Reconciler::new(settings, Ports { events, ledger, key })?.run(job).await?)
    }

    /// # Errors
    /// A queue's attributes cannot be read.
    pub(crate) async fn depths(&self) -> PortResult<Depths> {
        let depth = async |output| {
            let depth = aws::Depth::read(&self.session, output, self.outputs.named(output)?);
            let aws::Depth { visible, in_flight, delayed } = depth.await?;
            Ok::<_, PortError>(Depth { visible, in_flight, delayed })
        };
        Ok(Depths {
            events: depth(EVENTS).await?,
            deliveries: depth(DELIVERIES).await?,
            dead: depth("EventsDeadLettersUrl").await?.visible,
            undelivered: depth("DeliveriesDeadLettersUrl").await?.visible,
        })
    }

    pub(crate) fn archive(&self) -> PortResult<S3Archive> {
        Ok(S3Archive::new(&self.session, self.outputs.named("ArchiveBucket")?))
    }

    /// The queue at `url`, or the deliveries queue where that is `None`.
    pub(crate) fn deliveries(&self, url: Option<&str>) -> PortResult<SqsDeliveries> {
        let url = url.map_or_else(|| self.outputs.named(DELIVERIES), Ok)?;
        Ok(SqsDeliveries::new(&self.session, url))
    }

    pub(crate) fn dead_letter_queues(&self) -> PortResult<DeadLetterQueues> {
        let queue = |output: &'static str, source| {
            let (url, source) = (self.outputs.named(output)?, self.outputs.named(source)?);
            Ok::<_, PortError>(SqsDeadLetters::new(&self.session, output, url, source))
        };
        Ok(DeadLetterQueues::new(
            DynamoLedger::new(&self.session, self.outputs.named("LedgerTable")?),
            queue("EventsDeadLettersUrl", EVENTS)?,
            queue("DeliveriesDeadLettersUrl", DELIVERIES)?,
        ))
    }

    fn secret(&self, provider: Provider) -> PortResult<StoredSecret> {
        let (output, name) =
            (profile::of(provider).stack_outputs.webhook_secret, self.secret_name(provider)?);
        Ok(StoredSecret::new(&self.session, output, name))
    }
}
