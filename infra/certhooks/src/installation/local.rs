use std::collections::HashMap;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boot::{Environment, SettingError};
use embedded::{
    Counts, Delivered, LocalSecrets, Options, Reader, Rotation as LocalRotation, Stages, State,
    WaitingMessage,
};
use envelope::Provider;
use ports::{History, Ledger, PortResult, SecretSource, SecretVersions, WaitingChallenge};
use processing::correlation::{Announcement, announce};
use providers::profile;
use providers::secret_member::SecretMember;
use reconciliation::{Job, Ports, Reconciler, Report, Settings};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::args::DEFAULT_STATE;
use crate::credentials::{self, ApiKey};
use crate::doctor::{Finding, state_folder};
use crate::error::{CommandError, CommandResult};
use crate::installation::{
    Allowlist, AnyArchive, AnyDeliveries, BoxFuture, DeadLetter, DeadLetters, Handle, Installation,
    OnPage, PortFuture, QueueCounts, QueueName, Read, ReceivedDeadLetter, Rotation,
};

/// Number of rows read from the database at a time.
const PAGE: u32 = 100;
/// Number of certificates read at a time, each with its events.
const HISTORIES: u32 = 1000;

/// The state folder of `certhooks local`, which may be running or not.
pub(crate) struct LocalInstallation {
    folder: PathBuf,
    secrets: LocalSecrets,
}

impl LocalInstallation {
    pub(crate) fn new(folder: &Path, environment: &Environment) -> Self {
        let secrets = credentials::local_secrets(folder, environment);
        Self { folder: folder.to_owned(), secrets }
    }

    fn join(&self) -> PortResult<State> {
        State::join(&self.folder, Options::default())
    }
}

impl Installation for LocalInstallation {
    fn name(&self) -> String {
        format!("`certhooks local --state {}`", self.folder.display())
    }

    fn option(&self) -> String {
        match self.folder == Path::new(DEFAULT_STATE) {
            true => String::new(),
            false => format!(" --state {}", self.folder.display()),
        }
    }

    fn is_stack(&self) -> bool {
        false
    }

    fn log_hint(&self) -> String {
        format!("read the log of certhooks local{}", self.option())
    }

    fn secret_fix(&self, _: Provider) -> String {
        "name the folder that holds the secret with --state, or set the secret's variable"
            .to_owned()
    }

    fn endpoint(&self, _: Provider) -> PortResult<Option<&str>> {
        Ok(None)
    }

    /// That of this command's environment, which is that of the webhook endpoints where both are
    /// started alike.
    fn allowlist(
        &self,
        environment: &Environment,
        _: Option<&'static str>,
    ) -> Result<Option<Allowlist>, SettingError> {
        let ranges = intake::Settings::from_environment(environment)?.allowlist;
        Ok(Some(Allowlist {
            name: "SOURCE_IP_ALLOWLIST".to_owned(),
            ranges: Some(ranges).filter(|ranges| !ranges.is_empty()),
            then: "restart the webhook endpoint",
        }))
    }

    fn webhook_secret(&self, provider: Provider) -> PortFuture<'_, SecretVersions> {
        Box::pin(async move { self.secrets.webhook(provider).all().await })
    }

    fn no_secret(&self, provider: Provider) -> CommandError {
        let SecretMember { variable, name, .. } = profile::of(provider).webhook_secret[0];
        CommandError::failed(format!(
            "no webhook secret: set {variable}, or store `{name}` in the state folder's secrets.json"
        ))
    }

    fn rotation(&self, provider: Provider) -> PortResult<Box<dyn Rotation + '_>> {
        Ok(Box::new(self.secrets.rotation(provider)?))
    }

    fn challenges(&self) -> PortFuture<'_, Vec<WaitingChallenge>> {
        Box::pin(async {
            let reader = Reader::open(&self.folder)?;
            embedded::check_writers(&self.folder)?;
            reader.challenges().await
        })
    }

    fn histories(&self, names: Vec<String>) -> PortFuture<'_, Vec<History>> {
        Box::pin(async { Reader::open(&self.folder)?.histories(names).await })
    }

    fn all_histories<'a>(&'a self, on_page: OnPage<'a>) -> PortFuture<'a, Vec<History>> {
        Box::pin(async move {
            let (reader, mut all) = (Reader::open(&self.folder)?, Vec::<History>::new());
            loop {
                let after = all.last().map_or_else(String::new, |last| last.certificate.clone());
                let page = reader.histories_after(after, HISTORIES).await?;
                if page.is_empty() {
                    return Ok(all);
                }
                all.extend(page);
                on_page(Read { items: all.len() as u64, units: None });
            }
        })
    }

    /// That of this command's environment, which is that of `certhooks local` where both are started alike.
    fn worker_setting(&self, environment: &Environment, variable: &str) -> Option<String> {
        environment.optional(variable).map(str::to_owned)
    }

    fn queue_counts(&self) -> PortFuture<'_, QueueCounts> {
        Box::pin(async {
            let Counts { visible, in_flight, delayed, dead } =
                Reader::open(&self.folder)?.counts().await?;
            Ok(QueueCounts { visible, in_flight, delayed, dead })
        })
    }

    fn waiting(&self) -> PortFuture<'_, Option<Vec<WaitingMessage>>> {
        Box::pin(async {
            let (reader, mut all) = (Reader::open(&self.folder)?, Vec::<WaitingMessage>::new());
            loop {
                let after = all.last().map_or(0, |message| message.number);
                let page = reader.waiting(after, PAGE).await?;
                if page.is_empty() {
                    return Ok(Some(all));
                }
                all.extend(page);
            }
        })
    }

    fn release(&self, numbers: Vec<i64>) -> PortFuture<'_, usize> {
        Box::pin(async { self.join()?.events().release(numbers).await })
    }

    fn last_delivered(&self) -> PortFuture<'_, Option<i64>> {
        Box::pin(async { Reader::open(&self.folder)?.last_sequence().await.map(Some) })
    }

    fn delivered_after(&self, sequence: i64, limit: u32) -> PortFuture<'_, Vec<Delivered>> {
        Box::pin(async move { Reader::open(&self.folder)?.read_after(sequence, limit).await })
    }

    fn delivered(&self, id: &str) -> PortFuture<'_, Option<Delivered>> {
        let id = id.to_owned();
        Box::pin(async {
            let reader = Reader::open(&self.folder)?;
            let Some(sequence) = reader.sequence_of(id).await? else { return Ok(None) };
            Ok(reader.read_after(sequence - 1, 1).await?.pop())
        })
    }

    fn expect<'a>(&'a self, announcement: &'a Announcement) -> PortFuture<'a, usize> {
        Box::pin(async {
            announce(&self.join()?.ledger(), announcement, OffsetDateTime::now_utc()).await
        })
    }

    fn forget<'a>(&'a self, ids: &'a [String]) -> PortFuture<'a, Vec<String>> {
        Box::pin(async { reconciliation::forget(&self.join()?.ledger(), ids).await })
    }

    fn reconcile<'a>(
        &'a self,
        settings: &'a Settings,
        key: Option<SecretString>,
        job: &'a Job,
    ) -> BoxFuture<'a, CommandResult<Report>> {
        Box::pin(async move {
            if embedded::is_simulated(&self.folder) {
                return Err(CommandError::usage(format!(
                    "{} is a simulated state folder, which never gets events of a real provider: choose \
                     another folder with --state",
                    self.folder.display()
                )));
            }
            let key = ApiKey::Resolved(
                key.ok_or(reconciliation::RunError::NoKey(settings.api.profile.api.key_name))?,
            );
            // Beside `certhooks local`, which takes it from the queue.
            let state = self.join()?;
            let ports = Ports { events: state.events(), ledger: state.ledger(), key };
            Ok(Reconciler::new(settings, ports)?.run(job).await?)
        })
    }

    fn dead_letters(&self) -> PortResult<Box<dyn DeadLetters>> {
        Ok(Box::new(LocalDeadLetters { state: self.join()?, after: 0 }))
    }

    fn archive(&self) -> PortResult<Arc<dyn AnyArchive>> {
        Ok(Arc::new(self.join()?.archive()))
    }

    fn deliveries(&self, url: Option<&str>) -> CommandResult<Arc<dyn AnyDeliveries>> {
        match url {
            None => Ok(Arc::new(self.join()?.deliveries())),
            Some(_) => Err(CommandError::usage("--to: the URL of a queue requires --stack")),
        }
    }

    fn check(&self) -> BoxFuture<'_, Vec<(&'static str, Finding)>> {
        Box::pin(state_folder::check(&self.folder, self.option()))
    }
}

impl Rotation for LocalRotation {
    fn stages(&self) -> PortFuture<'_, Stages> {
        Box::pin(ready(self.stages()))
    }

    fn begin<'a>(&'a self, next: &'a SecretString) -> PortFuture<'a, ()> {
        Box::pin(ready(self.begin(next)))
    }

    fn promote(&self, keep_previous: bool) -> PortFuture<'_, ()> {
        Box::pin(ready(self.promote(keep_previous)))
    }

    fn abandon(&self) -> PortFuture<'_, ()> {
        Box::pin(ready(self.abandon()))
    }
}

/// The dead letters of a state folder. Only its events queue has any.
struct LocalDeadLetters {
    state: State,
    /// The id of the last row that was read.
    after: i64,
}

impl DeadLetters for LocalDeadLetters {
    fn page(
        &mut self,
        queue: Option<QueueName>,
    ) -> PortFuture<'_, Option<Vec<ReceivedDeadLetter>>> {
        Box::pin(async move {
            if queue == Some(QueueName::Deliveries) {
                return Ok(None);
            }
            let rows = self.state.reader().dead_letters(self.after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(None) };
            self.after = last.id;
            let received = rows.into_iter().map(|row| ReceivedDeadLetter {
                handle: Handle::Row(row.id),
                dead_letter: DeadLetter::of_row(row),
            });
            Ok(Some(received.collect()))
        })
    }

    fn delivered<'a>(
        &'a self,
        ids: &'a [String],
    ) -> PortFuture<'a, HashMap<String, OffsetDateTime>> {
        Box::pin(async { self.state.ledger().known(ids).await })
    }

    fn retry(&mut self, received: Vec<ReceivedDeadLetter>) -> PortFuture<'_, usize> {
        let row = |one: &ReceivedDeadLetter| Some((one.handle.row()?, one.dead_letter.outgoing()?));
        let rows = received.iter().filter_map(row).collect();
        Box::pin(async { self.state.dead_letters().retry(rows).await })
    }

    fn remove(&mut self, received: Vec<ReceivedDeadLetter>) -> PortFuture<'_, usize> {
        let rows = received.iter().filter_map(|one| one.handle.row()).collect();
        Box::pin(async { self.state.dead_letters().remove(rows).await })
    }
}
