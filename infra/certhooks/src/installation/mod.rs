//! An installation, the place where Certhooks runs: a state folder or a CloudFormation stack.
//!
//! - [`local`]: a state folder
//! - [`stack`], [`stack_dead_letters`]: a stack on AWS, with the feature `aws`
//! - [`dead_letter`]: a dead letter, and the handle by which it is retried or removed
//! - [`rotation`]: the stages of a webhook secret, and what every rotation of one does
//! - [`any_ports`]: archive and deliveries queue, whichever they are

mod any_ports;
mod dead_letter;
mod local;
pub(crate) mod rotation;
#[cfg(feature = "aws")]
pub(crate) mod stack;
#[cfg(feature = "aws")]
mod stack_dead_letters;

use std::collections::HashMap;
use std::future::ready;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) use any_ports::{AnyArchive, AnyDeliveries};
use boot::{Environment, SettingError};
pub(crate) use dead_letter::{DeadLetter, Handle, QueueName, ReceivedDeadLetter};
use embedded::{Delivered, WaitingMessage};
use envelope::Provider;
use ipnet::IpNet;
pub(crate) use local::LocalInstallation;
use ports::{History, PortResult, SecretVersions, WaitingChallenge};
use processing::correlation::Announcement;
use reconciliation::{Job, Report, Settings};
pub(crate) use rotation::Rotation;
use secrecy::SecretString;
#[cfg(feature = "aws")]
pub(crate) use stack::stored_secret;
use time::OffsetDateTime;

use crate::args::StackArgs;
use crate::doctor::Finding;
use crate::error::{CommandError, CommandResult};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub(crate) type PortFuture<'a, T> = BoxFuture<'a, PortResult<T>>;

/// What the commands need of an installation.
pub(crate) trait Installation: Send + Sync {
    /// Its name, for people.
    fn name(&self) -> String;

    /// The option that names it on a command line, with a space before it; empty for the default.
    fn option(&self) -> String;

    /// Whether it is a stack, whose functions and not this machine hold its API keys.
    fn is_stack(&self) -> bool;

    /// Where webhook endpoints and worker log their errors.
    fn log_hint(&self) -> String;

    /// How to give the installation, or this command, a webhook secret.
    fn secret_fix(&self, provider: Provider) -> String;

    /// The URL of a provider's webhook endpoint, which a state folder does not know.
    ///
    /// # Errors
    /// The stack has no webhook endpoint for the provider.
    fn endpoint(&self, provider: Provider) -> PortResult<Option<&str>>;

    /// The addresses from which webhook endpoints may be reached. `parameter` is that of a stack for
    /// this provider. `None` where no such limit is known.
    fn allowlist(
        &self,
        environment: &Environment,
        parameter: Option<&'static str>,
    ) -> Result<Option<Allowlist>, SettingError>;

    /// The webhook secret in all its stages, each as it is stored: a JSON object or a plain string.
    fn webhook_secret(&self, provider: Provider) -> PortFuture<'_, SecretVersions>;

    /// The error for a webhook secret without a value.
    fn no_secret(&self, provider: Provider) -> CommandError;

    /// Begins or continues a rotation of the webhook secret. While this exists, no other one can be
    /// opened for a state folder.
    fn rotation(&self, provider: Provider) -> PortResult<Box<dyn Rotation + '_>>;

    /// The tokens of CertCentral's challenges that can still be used.
    fn challenges(&self) -> PortFuture<'_, Vec<WaitingChallenge>>;

    /// The histories of the certificates with any of these names in the ledger.
    fn histories(&self, names: Vec<String>) -> PortFuture<'_, Vec<History>>;

    /// The histories of all certificates in the ledger, in no order. `on_page` hears what was read so far, after
    /// each page.
    fn all_histories<'a>(&'a self, on_page: OnPage<'a>) -> PortFuture<'a, Vec<History>>;

    /// A setting of the worker that is no secret, by its variable. `None` where it is not set.
    fn worker_setting(&self, environment: &Environment, variable: &str) -> Option<String>;

    /// Numbers of messages on the events queue, and of dead letters.
    fn queue_counts(&self) -> PortFuture<'_, QueueCounts>;

    /// What waits on the events queue. `None` where it cannot be listed.
    fn waiting(&self) -> PortFuture<'_, Option<Vec<WaitingMessage>>>;

    /// Makes these messages due at once, and returns the number of those that waited.
    fn release(&self, numbers: Vec<i64>) -> PortFuture<'_, usize>;

    /// The sequence of the last delivered event; 0 when there is none. `None` where they cannot be read.
    fn last_delivered(&self) -> PortFuture<'_, Option<i64>>;

    /// The delivered events after this sequence, at most `limit`, in order; none where they cannot be read.
    fn delivered_after(&self, sequence: i64, limit: u32) -> PortFuture<'_, Vec<Delivered>>;

    /// The delivered event with this id. `None` where there is none, or it cannot be looked up.
    fn delivered(&self, id: &str) -> PortFuture<'_, Option<Delivered>>;

    /// Lets these ids be delivered again, and returns those that the ledger knew.
    fn forget<'a>(&'a self, ids: &'a [String]) -> PortFuture<'a, Vec<String>>;

    /// Announces a certificate, a key or an issuer. Returns the number of certificates in the logs that it may be
    /// about.
    fn expect<'a>(&'a self, announcement: &'a Announcement) -> PortFuture<'a, usize>;

    /// Runs one reconciliation. Without `key` a stack uses its own.
    fn reconcile<'a>(
        &'a self,
        settings: &'a Settings,
        key: Option<SecretString>,
        job: &'a Job,
    ) -> BoxFuture<'a, CommandResult<Report>>;

    fn dead_letters(&self) -> PortResult<Box<dyn DeadLetters>>;

    fn archive(&self) -> PortResult<Arc<dyn AnyArchive>>;

    /// The queue at `url`, or the deliveries queue where that is `None`.
    fn deliveries(&self, url: Option<&str>) -> CommandResult<Arc<dyn AnyDeliveries>>;

    /// Checks queues, dead letters and scheduled canary; each finding with the name of its check.
    fn check(&self) -> BoxFuture<'_, Vec<(&'static str, Finding)>>;
}

/// What was read of a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Read {
    /// Items of DynamoDB, whatever they are, or certificates of a state folder.
    pub(crate) items: u64,
    /// What DynamoDB counts it as, in read units; `None` in a state folder.
    pub(crate) units: Option<f64>,
}

/// Hears what was read so far.
pub(crate) type OnPage<'a> = &'a (dyn Fn(Read) + Send + Sync);

/// Numbers of messages on the events queue.
#[derive(Clone, Copy)]
pub(crate) struct QueueCounts {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    pub(crate) delayed: u64,
    /// Those that were received too often; on a stack those of the deliveries queue too.
    pub(crate) dead: u64,
}

/// The addresses from which webhook endpoints may be reached.
pub(crate) struct Allowlist {
    /// Its setting, for people.
    pub(crate) name: String,
    /// `None` for every address.
    pub(crate) ranges: Option<Vec<IpNet>>,
    /// What to do after a change of it.
    pub(crate) then: &'static str,
}

/// The dead letters of an installation.
pub(crate) trait DeadLetters: Send + Sync {
    /// A caution about the number of dead letters, to follow it in the text; empty where it is exact.
    fn count_caution(&self) -> &'static str {
        ""
    }

    /// The next dead letters, of `queue` or of both queues; `None` when all were read.
    fn page(&mut self, queue: Option<QueueName>)
    -> PortFuture<'_, Option<Vec<ReceivedDeadLetter>>>;

    /// Leaves dead letters where they are.
    fn keep(&mut self, _: Vec<ReceivedDeadLetter>) {}

    /// Makes the kept dead letters visible again at once.
    fn release(&mut self) -> PortFuture<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    /// Which of these events were delivered, and when.
    fn delivered<'a>(
        &'a self,
        ids: &'a [String],
    ) -> PortFuture<'a, HashMap<String, OffsetDateTime>>;

    /// Puts dead letters back on the queues that they came from, and returns their number.
    fn retry(&mut self, received: Vec<ReceivedDeadLetter>) -> PortFuture<'_, usize>;

    /// Deletes dead letters, and returns their number.
    fn remove(&mut self, received: Vec<ReceivedDeadLetter>) -> PortFuture<'_, usize>;
}

impl dyn Installation + '_ {
    /// # Errors
    /// The webhook secret cannot be read, or has no value.
    pub(crate) async fn current_secret(&self, provider: Provider) -> CommandResult<SecretString> {
        let current = self.webhook_secret(provider).await?.current;
        current.ok_or_else(|| self.no_secret(provider))
    }

    /// The address that an option names, else that of a stack's webhook endpoint.
    pub(crate) fn endpoint_or(
        &self,
        named: Option<&str>,
        provider: Provider,
    ) -> CommandResult<String> {
        let endpoint = match named {
            Some(named) => Some(named),
            None => self.endpoint(provider)?,
        };
        let none = || CommandError::usage("--endpoint is required without --stack");
        endpoint.map(str::to_owned).ok_or_else(none)
    }
}

/// Opens the stack that the option names, else the state folder.
///
/// # Errors
/// The stack does not exist, or this program was built without the feature `aws`.
#[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "a stack is async"))]
pub(crate) async fn open(
    StackArgs { stack }: &StackArgs,
    state: &Path,
    environment: &Environment,
) -> CommandResult<Box<dyn Installation>> {
    let Some(name) = stack else {
        return Ok(Box::new(LocalInstallation::new(state, environment)));
    };
    #[cfg(feature = "aws")]
    return Ok(Box::new(Box::pin(stack::StackInstallation::open(environment, name)).await?));
    #[cfg(not(feature = "aws"))]
    Err(CommandError::usage(format!(
        "--stack {name}: this certhooks was built without the feature `aws`: take a released one, or build it \
         with `cargo build --release -p certhooks --features aws`"
    )))
}
