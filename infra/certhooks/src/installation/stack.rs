use std::future::ready;
use std::sync::Arc;

use aws::{
    AwsDeliveries, DeliveriesTarget, DynamoLedger, S3Archive, Scanned, Session, SqsDeadLetters,
    SqsEvents, StackOutputs, StoredSecret,
};
use boot::{Environment, SettingError};
use embedded::{Delivered, Stages, WaitingMessage};
use envelope::Provider;
use ports::{History, PortError, PortResult, SecretSource, SecretVersions, WaitingChallenge};
use processing::correlation::{Announcement, announce};
use providers::profile;
use reconciliation::{Job, Ports, Reconciler, Report, Settings};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::credentials::ApiKey;
use crate::doctor::{Finding, stack_queues};
use crate::error::{CommandError, CommandResult};
use crate::installation::stack_dead_letters::StackDeadLetters;
use crate::installation::{
    Allowlist, AnyArchive, AnyDeliveries, BoxFuture, DeadLetters, Installation, OnPage, PortFuture,
    QueueCounts, Read, Rotation,
};

/// Outputs of the stack that hold the queues' URLs.
const EVENTS: &str = "EventsQueueUrl";
const DELIVERIES: &str = "DeliveriesQueueUrl";
/// Output of a stack that fans out: the topic that the deliveries queue is subscribed to.
const TOPIC: &str = "DeliveriesTopicArn";
/// Parameter of a stack with a KMS key of its own.
const KEY: &str = "KmsKeyArn";

/// A deployed stack of `infra/aws/template.yaml`.
pub(crate) struct StackInstallation {
    name: String,
    session: Session,
    outputs: StackOutputs,
}

/// The current value of the secret in Secrets Manager that `option` names.
///
/// # Errors
/// The secret cannot be read, or has no value.
pub(crate) async fn stored_secret(
    environment: &Environment,
    option: &'static str,
    id: &str,
) -> CommandResult<SecretString> {
    let session = Session::of_operator(environment).await?;
    let versions = StoredSecret::new(&session, option, id).current().await?;
    versions.current.ok_or_else(|| CommandError::failed(format!("{option} {id}: the secret has no value; store one with `aws secretsmanager put-secret-value`")))
}

impl StackInstallation {
    pub(crate) async fn open(environment: &Environment, name: &str) -> CommandResult<Self> {
        let session = Session::of_operator(environment).await?;
        let outputs = StackOutputs::read(&session, name).await?;
        Ok(Self { name: name.to_owned(), session, outputs })
    }

    fn secret(&self, provider: Provider) -> PortResult<StoredSecret> {
        let output = profile::of(provider).stack_outputs.webhook_secret;
        Ok(StoredSecret::new(&self.session, output, self.outputs.named(output)?))
    }

    fn ledger(&self) -> PortResult<DynamoLedger> {
        Ok(DynamoLedger::new(&self.session, self.outputs.named("LedgerTable")?))
    }

    /// The customer-managed key of a stack that fans out with a topic.
    pub(crate) fn key_of_topic(&self) -> Option<&str> {
        self.outputs.optional(TOPIC)?;
        self.outputs.parameter(KEY).filter(|key| !key.is_empty())
    }

    /// # Errors
    /// The policy of the key cannot be read.
    pub(crate) async fn key_policy(&self, key: &str) -> PortResult<String> {
        aws::key_policy(&self.session, KEY, key).await
    }

    /// # Errors
    /// A queue's attributes cannot be read.
    pub(crate) async fn depths(&self) -> PortResult<Depths> {
        let depth = async |output| {
            aws::Depth::read(&self.session, output, self.outputs.named(output)?).await
        };
        Ok(Depths {
            events: depth(EVENTS).await?,
            deliveries: depth(DELIVERIES).await?,
            dead: depth("EventsDeadLettersUrl").await?.visible,
            undelivered: depth("DeliveriesDeadLettersUrl").await?.visible,
        })
    }
}

/// Numbers of messages in each queue, by SQS's approximate counts.
pub(crate) struct Depths {
    pub(crate) events: aws::Depth,
    pub(crate) deliveries: aws::Depth,
    /// Dead letters of the events queue.
    pub(crate) dead: u64,
    /// Dead letters of the deliveries queue.
    pub(crate) undelivered: u64,
}

impl Installation for StackInstallation {
    fn name(&self) -> String {
        format!("stack {}", self.name)
    }

    fn option(&self) -> String {
        format!(" --stack {}", self.name)
    }

    fn is_stack(&self) -> bool {
        true
    }

    fn log_hint(&self) -> String {
        format!("read the logs of the functions of stack {}", self.name)
    }

    fn secret_fix(&self, provider: Provider) -> String {
        let output = profile::of(provider).stack_outputs.webhook_secret;
        let name = self.outputs.named(output).unwrap_or("NAME");
        format!(
            "aws secretsmanager put-secret-value --secret-id {name} --secret-string file:///dev/stdin"
        )
    }

    fn endpoint(&self, provider: Provider) -> PortResult<Option<&str>> {
        self.outputs.named(profile::of(provider).stack_outputs.webhook_url).map(Some)
    }

    /// The resource policy of the stack's API and the webhook function both use this parameter.
    fn allowlist(
        &self,
        _: &Environment,
        parameter: Option<&'static str>,
    ) -> Result<Option<Allowlist>, SettingError> {
        Ok(parameter.map(|name| {
            let ranges = self.outputs.parameter(name).unwrap_or_default().split(',');
            Allowlist {
                name: format!("the parameter {name}"),
                ranges: Some(ranges.filter_map(|range| range.parse().ok()).collect()),
                then: "run make deploy",
            }
        }))
    }

    fn webhook_secret(&self, provider: Provider) -> PortFuture<'_, SecretVersions> {
        Box::pin(async move { self.secret(provider)?.all().await })
    }

    fn no_secret(&self, _: Provider) -> CommandError {
        CommandError::failed(no_value(&self.name))
    }

    fn rotation(&self, provider: Provider) -> PortResult<Box<dyn Rotation + '_>> {
        let member = profile::of(provider).webhook_secret[0].stored_as;
        Ok(Box::new(StackRotation { stack: &self.name, secret: self.secret(provider)?, member }))
    }

    fn challenges(&self) -> PortFuture<'_, Vec<WaitingChallenge>> {
        Box::pin(async { self.ledger()?.challenges().await })
    }

    fn histories(&self, names: Vec<String>) -> PortFuture<'_, Vec<History>> {
        Box::pin(async { self.ledger()?.histories(names).await })
    }

    fn all_histories<'a>(&'a self, on_page: OnPage<'a>) -> PortFuture<'a, Vec<History>> {
        let on_page = |Scanned { items, read_units }| {
            on_page(Read { items, units: Some(read_units) });
        };
        Box::pin(async move { self.ledger()?.all_histories(on_page).await })
    }

    /// A parameter is named as the variable that it sets: `DigicertApiBudget` sets `DIGICERT_API_BUDGET`.
    fn worker_setting(&self, _: &Environment, variable: &str) -> Option<String> {
        let capitalised = |word: &str| word[..1].to_owned() + &word[1..].to_ascii_lowercase();
        let name: String = variable.split('_').map(capitalised).collect();
        self.outputs.parameter(&name).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn queue_counts(&self) -> PortFuture<'_, QueueCounts> {
        Box::pin(async {
            let Depths { events, dead, undelivered, .. } = self.depths().await?;
            let aws::Depth { visible, in_flight, delayed } = events;
            Ok(QueueCounts { visible, in_flight, delayed, dead: dead + undelivered })
        })
    }

    /// SQS shows a message that is delayed or in flight to nobody, and receiving what is visible would take it
    /// from the worker and count as a receive.
    fn waiting(&self) -> PortFuture<'_, Option<Vec<WaitingMessage>>> {
        Box::pin(ready(Ok(None)))
    }

    fn release(&self, _: Vec<i64>) -> PortFuture<'_, usize> {
        Box::pin(ready(Err(PortError(
            "SQS cannot end a delay; none is longer than 15 minutes".to_owned(),
        ))))
    }

    /// The deliveries queue belongs to its consumers.
    fn last_delivered(&self) -> PortFuture<'_, Option<i64>> {
        Box::pin(ready(Ok(None)))
    }

    fn delivered_after(&self, _: i64, _: u32) -> PortFuture<'_, Vec<Delivered>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn delivered(&self, _: &str) -> PortFuture<'_, Option<Delivered>> {
        Box::pin(ready(Ok(None)))
    }

    fn expect<'a>(&'a self, announcement: &'a Announcement) -> PortFuture<'a, usize> {
        Box::pin(async { announce(&self.ledger()?, announcement, OffsetDateTime::now_utc()).await })
    }

    fn forget<'a>(&'a self, ids: &'a [String]) -> PortFuture<'a, Vec<String>> {
        Box::pin(async { reconciliation::forget(&self.ledger()?, ids).await })
    }

    fn reconcile<'a>(
        &'a self,
        settings: &'a Settings,
        key: Option<SecretString>,
        job: &'a Job,
    ) -> BoxFuture<'a, CommandResult<Report>> {
        let output = settings.api.profile.stack_outputs.api_secret;
        Box::pin(async move {
            let key = match key {
                Some(key) => Some(key),
                None => {
                    let name = self.outputs.named(output)?;
                    StoredSecret::new(&self.session, output, name).current().await?.current
                }
            };
            let key = ApiKey::Resolved(
                key.ok_or(reconciliation::RunError::NoKey(settings.api.profile.api.key_name))?,
            );
            let events = SqsEvents::new(&self.session, self.outputs.named(EVENTS)?);
            let ports = Ports { events, ledger: self.ledger()?, key };
            Ok(Reconciler::new(settings, ports)?.run(job).await?)
        })
    }

    fn dead_letters(&self) -> PortResult<Box<dyn DeadLetters>> {
        let queue = |output: &'static str, source| {
            let (url, source) = (self.outputs.named(output)?, self.outputs.named(source)?);
            Ok::<_, PortError>(SqsDeadLetters::new(&self.session, output, url, source))
        };
        Ok(Box::new(StackDeadLetters::new(
            self.ledger()?,
            queue("EventsDeadLettersUrl", EVENTS)?,
            queue("DeliveriesDeadLettersUrl", DELIVERIES)?,
        )))
    }

    fn archive(&self) -> PortResult<Arc<dyn AnyArchive>> {
        Ok(Arc::new(S3Archive::new(&self.session, self.outputs.named("ArchiveBucket")?)))
    }

    /// Without `url`, events go where the worker delivers them to.
    fn deliveries(&self, url: Option<&str>) -> CommandResult<Arc<dyn AnyDeliveries>> {
        let target = match (url, self.outputs.optional(TOPIC)) {
            (None, Some(arn)) => DeliveriesTarget::Topic(arn.to_owned()),
            (None, None) => DeliveriesTarget::Queue(self.outputs.named(DELIVERIES)?.to_owned()),
            (Some(url), _) => DeliveriesTarget::Queue(url.to_owned()),
        };
        Ok(Arc::new(AwsDeliveries::new(&self.session, target)))
    }

    fn check(&self) -> BoxFuture<'_, Vec<(&'static str, Finding)>> {
        Box::pin(stack_queues::check(self))
    }
}

struct StackRotation<'a> {
    stack: &'a str,
    secret: StoredSecret,
    /// The member of the stored JSON object that is rotated.
    member: &'static str,
}

impl Rotation for StackRotation<'_> {
    fn stages(&self) -> PortFuture<'_, Stages> {
        Box::pin(async {
            let SecretVersions { current, pending, previous, .. } = self.secret.all().await?;
            let current = current.ok_or_else(|| PortError(no_value(self.stack)))?;
            Ok(Stages { current, pending, previous })
        })
    }

    fn begin<'a>(&'a self, next: &'a SecretString) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let current = self.secret.current().await?.current;
            // Whatever else an operator keeps in the secret is kept.
            let stored = current.and_then(|text| serde_json::from_str(text.expose_secret()).ok());
            let mut stored = stored.filter(Value::is_object).unwrap_or_else(|| json!({}));
            stored[self.member] = next.expose_secret().into();
            self.secret.begin(&stored.to_string().into()).await
        })
    }

    fn promote(&self, keep_previous: bool) -> PortFuture<'_, ()> {
        Box::pin(self.secret.promote(keep_previous))
    }

    fn abandon(&self) -> PortFuture<'_, ()> {
        Box::pin(self.secret.abandon())
    }
}

fn no_value(stack: &str) -> String {
    format!(
        "the webhook secret of stack {stack} has no value; store one with `aws secretsmanager \
         put-secret-value`"
    )
}
