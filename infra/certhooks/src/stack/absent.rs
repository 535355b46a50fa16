use std::collections::HashMap;

use boot::Environment;
use embedded::WaitingChallenge;
use envelope::Provider;
use ports::{Archive, ArchiveReader, Deliveries, Delivery, History, PortResult, SecretVersions};
use reconciliation::{Job, Report, Settings};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::credentials::ResolvedKey;
use crate::error::{CommandError, CommandResult};
use crate::installation::{QueueName, ReceivedDeadLetter};
use crate::stack::Depths;

/// Without the feature `aws` no stack can be opened, so these types have no values.
pub(crate) enum Stack {}
pub(crate) enum StackArchive {}
pub(crate) enum StackDeliveries {}
pub(crate) enum DeadLetterQueues {}

impl DeadLetterQueues {
    pub(crate) async fn page(
        &mut self,
        _: Option<QueueName>,
    ) -> PortResult<Option<Vec<ReceivedDeadLetter>>> {
        match *self {}
    }

    pub(crate) fn keep(&mut self, _: Vec<ReceivedDeadLetter>) {
        match *self {}
    }

    pub(crate) async fn release(&mut self) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn known(&self, _: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        match *self {}
    }

    pub(crate) async fn retry(&mut self, _: Vec<ReceivedDeadLetter>) -> PortResult<usize> {
        match *self {}
    }

    pub(crate) async fn remove(&mut self, _: Vec<ReceivedDeadLetter>) -> PortResult<usize> {
        match *self {}
    }
}

impl Archive for StackArchive {
    async fn put(&self, _: &str, _: Vec<u8>) -> PortResult<String> {
        match *self {}
    }
}

impl ArchiveReader for StackArchive {
    async fn list(&self, _: &str, _: &str) -> PortResult<Vec<String>> {
        match *self {}
    }

    async fn get(&self, _: &str) -> PortResult<Option<Vec<u8>>> {
        match *self {}
    }
}

impl Deliveries for StackDeliveries {
    async fn publish(&self, _: Delivery) -> PortResult<()> {
        match *self {}
    }
}

impl Stack {
    #[expect(clippy::unused_async, reason = "the deployed one is async")]
    pub(crate) async fn open(_: &Environment, name: &str) -> CommandResult<Self> {
        Err(CommandError::usage(format!(
            "--stack {name}: this certhooks was built without the feature `aws`; build it with `--features aws`"
        )))
    }

    pub(crate) fn name(&self) -> &str {
        match *self {}
    }

    pub(crate) fn url(&self, _: Provider) -> PortResult<&str> {
        match *self {}
    }

    pub(crate) fn digicert_sources(&self) -> Option<&str> {
        match *self {}
    }

    pub(crate) fn secret_name(&self, _: Provider) -> PortResult<&str> {
        match *self {}
    }

    pub(crate) async fn versions(&self, _: Provider) -> PortResult<SecretVersions> {
        match *self {}
    }

    pub(crate) fn random(&self) -> PortResult<SecretString> {
        match *self {}
    }

    pub(crate) async fn begin(&self, _: Provider, _: &SecretString) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn promote(&self, _: Provider, _: bool) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn abandon(&self, _: Provider) -> PortResult<()> {
        match *self {}
    }

    pub(crate) async fn tokens(&self) -> PortResult<Vec<WaitingChallenge>> {
        match *self {}
    }

    pub(crate) async fn histories(&self, _: Vec<String>) -> PortResult<Vec<History>> {
        match *self {}
    }

    pub(crate) async fn reconcile(
        &self,
        _: &Settings,
        _: Option<ResolvedKey>,
        _: &Job,
    ) -> CommandResult<Report> {
        match *self {}
    }

    pub(crate) fn dead_letter_queues(&self) -> PortResult<DeadLetterQueues> {
        match *self {}
    }

    pub(crate) fn archive(&self) -> PortResult<StackArchive> {
        match *self {}
    }

    pub(crate) fn deliveries(&self, _: Option<&str>) -> PortResult<StackDeliveries> {
        match *self {}
    }

    pub(crate) async fn depths(&self) -> PortResult<Depths> {
        match *self {}
    }
}
