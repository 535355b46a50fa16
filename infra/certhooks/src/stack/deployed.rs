use aws::{
    DynamoLedger, QueueAge, S3Archive, Session, SqsDeadLetters, SqsDeliveries, SqsEvents,
    StackOutputs, StoredSecret,
};
use boot::Environment;
use data_encoding::BASE64URL_NOPAD;
use embedded::WaitingChallenge;
use envelope::Provider;
use ports::{History, PortError, PortResult, SecretSource, SecretVersions};
use providers::dispatch;
use reconciliation::{Job, Ports, Reconciler, Report, Settings};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::Duration;

use crate::fault::{Fault, Outcome};
use crate::reconcile::Given;
use crate::stack::dead::DeadQueues;
use crate::stack::{Age, Ages, Depth, Depths};

/// Outputs with the queues' URLs.
const EVENTS: &str = "EventsQueueUrl";
const DELIVERIES: &str = "DeliveriesQueueUrl";

/// A stack of `infra/aws/template.yaml`.
pub(crate) struct Stack {
    name: String,
    session: Session,
    outputs: StackOutputs,
}

/// A secret of Secrets Manager, for an option that names it.
pub(crate) async fn stored(
    environment: &Environment,
    option: &'static str,
    id: &str,
) -> Outcome<SecretString> {
    let session = Session::of_operator(environment).await?;
    let versions = StoredSecret::new(&session, option, id).current().await?;
    versions.current.ok_or_else(|| Fault::failed(format!("{option} {id}: has no value")))
}

/// Names of a provider's outputs.
struct Names {
    url: &'static str,
    secret: &'static str,
}

fn names(provider: Provider) -> Names {
    match provider {
        Provider::Cloudflare => {
            Names { url: "CloudflareWebhookUrl", secret: "CloudflareWebhookSecretName" }
        }
        Provider::Digicert => {
            Names { url: "DigicertWebhookUrl", secret: "DigicertWebhookSecretName" }
        }
        Provider::Meta => Names { url: "MetaWebhookUrl", secret: "MetaWebhookSecretName" },
    }
}

impl Stack {
    pub(crate) async fn open(environment: &Environment, name: &str) -> Outcome<Self> {
        let session = Session::of_operator(environment).await?;
        let outputs = StackOutputs::read(&session, name).await?;
        Ok(Self { name: name.to_owned(), session, outputs })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// # Errors
    /// The provider is switched off, or the stack is none of ours.
    pub(crate) fn url(&self, provider: Provider) -> PortResult<&str> {
        self.outputs.named(names(provider).url)
    }

    /// From where CertCentral's door may be reached: ranges with commas between them.
    pub(crate) fn digicert_sources(&self) -> Option<&str> {
        self.outputs.parameter("DigicertSourceCidrs")
    }

    /// Of the webhook secret.
    ///
    /// # Errors
    /// As of [`url`](Self::url).
    pub(crate) fn secret_name(&self, provider: Provider) -> PortResult<&str> {
        self.outputs.named(names(provider).secret)
    }

    /// The webhook secret as stored: a JSON object each, or a plain string.
    pub(crate) async fn versions(&self, provider: Provider) -> PortResult<SecretVersions> {
        self.secret(provider)?.all().await
    }

    /// 43 characters of base64url: 256 bits.
    pub(crate) fn random(&self) -> PortResult<SecretString> {
        let mut bytes = [0; 32];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| PortError("the system gives no random bytes".to_owned()))?;
        Ok(BASE64URL_NOPAD.encode(&bytes).into())
    }

    pub(crate) async fn begin(&self, provider: Provider, next: &SecretString) -> PortResult<()> {
        let secret = self.secret(provider)?;
        let current = secret.current().await?.current;
        // Whatever else an operator keeps in it goes along.
        let stored = current.and_then(|text| serde_json::from_str(text.expose_secret()).ok());
        let mut stored = stored.filter(Value::is_object).unwrap_or_else(|| json!({}));
        stored[dispatch::webhook_secret(provider).stored_as] = next.expose_secret().into();
        secret.begin(&stored.to_string().into()).await
    }

    pub(crate) async fn promote(&self, provider: Provider, keep_previous: bool) -> PortResult<()> {
        self.secret(provider)?.promote(keep_previous).await
    }

    pub(crate) async fn abandon(&self, provider: Provider) -> PortResult<()> {
        self.secret(provider)?.abandon().await
    }

    /// Of CertCentral's challenges.
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

    /// With the stack's API key, unless another is given.
    pub(crate) async fn reconcile(
        &self,
        settings: &Settings,
        key: Option<Given>,
        job: &Job,
    ) -> Outcome<Report> {
        const KEY: &str = "DigicertApiSecretName";
        let output = |name| self.outputs.named(name);
        let key = match key {
            Some(Given(key)) => Some(key),
            None => {
                let stored = StoredSecret::new(&self.session, KEY, output(KEY)?);
                stored.current().await?.current
            }
        };
        let key = Given(key.ok_or(reconciliation::Fault::NoKey)?);
        let events = SqsEvents::new(&self.session, output(EVENTS)?);
        let ledger = DynamoLedger::new(&self.session, output("LedgerTable")?);
        Ok(Reconciler::new(settings, Ports { events, ledger, key })?.run(job).await?)
    }

    pub(crate) async fn depths(&self) -> PortResult<Depths> {
        let depth = async |output| {
            let told = aws::Depth::read(&self.session, output, self.outputs.named(output)?).await?;
            let aws::Depth { visible, in_flight, delayed } = told;
            Ok::<_, PortError>(Depth { visible, in_flight, delayed })
        };
        Ok(Depths {
            events: depth(EVENTS).await?,
            deliveries: depth(DELIVERIES).await?,
            dead: depth("EventsDeadLettersUrl").await?.visible,
            undelivered: depth("DeliveriesDeadLettersUrl").await?.visible,
        })
    }

    /// # Errors
    /// See [`QueueAge::read`].
    pub(crate) async fn ages(&self) -> PortResult<Ages> {
        let age = async |output| {
            let told = QueueAge::read(&self.session, output, self.outputs.named(output)?).await?;
            let since = |age| Duration::try_from(age).unwrap_or(Duration::MAX);
            Ok::<_, PortError>(told.map(|told| Age { oldest: since(told.age), at: told.at }))
        };
        Ok(Ages { events: age(EVENTS).await?, deliveries: age(DELIVERIES).await? })
    }

    pub(crate) fn archive(&self) -> PortResult<S3Archive> {
        Ok(S3Archive::new(&self.session, self.outputs.named("ArchiveBucket")?))
    }

    /// The deliveries queue, or the one at `url`.
    pub(crate) fn deliveries(&self, url: Option<&str>) -> PortResult<SqsDeliveries> {
        let url = url.map_or_else(|| self.outputs.named(DELIVERIES), Ok)?;
        Ok(SqsDeliveries::new(&self.session, url))
    }

    pub(crate) fn dead_queues(&self) -> PortResult<DeadQueues> {
        let queue = |dead: &'static str, source| {
            let (url, source) = (self.outputs.named(dead)?, self.outputs.named(source)?);
            Ok::<_, PortError>(SqsDeadLetters::new(&self.session, dead, url, source))
        };
        Ok(DeadQueues {
            ledger: DynamoLedger::new(&self.session, self.outputs.named("LedgerTable")?),
            events: queue("EventsDeadLettersUrl", EVENTS)?,
            deliveries: queue("DeliveriesDeadLettersUrl", DELIVERIES)?,
            done: Vec::new(),
            kept: Vec::new(),
        })
    }

    fn secret(&self, provider: Provider) -> PortResult<StoredSecret> {
        let (output, name) = (names(provider).secret, self.secret_name(provider)?);
        Ok(StoredSecret::new(&self.session, output, name))
    }
}
