use envelope::Envelope;
use ports::{
    Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortError, PortResult, SecretSource,
};
use providers::envelope_builder::fair_queue_group;
use providers::profile;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::decide::{MAX_AGE, MAX_DELAY};
use crate::telemetry;
use crate::types::{Disposition, QueueMessage};
use crate::worker::Worker;

/// What every version of the envelope has.
#[derive(Deserialize)]
pub(crate) struct AnyVersion {
    dataschema: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    id: String,
    receivedtime: String,
}

impl AnyVersion {
    /// The message, if it is an envelope of a newer version than this worker knows: a newer webhook function
    /// put it on the queue, and the worker was rolled back.
    pub(crate) fn newer(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok().filter(|any: &Self| is_newer(&any.dataschema))
    }
}

/// Whether this worker does not know the version of an envelope.
pub(crate) fn is_newer(dataschema: &str) -> bool {
    let version = |schema: &str| schema.rsplit_once(':')?.1.parse::<u32>().ok();
    version(dataschema) > version(Envelope::SCHEMA)
}

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Sends it back unread, byte for byte, until a worker comes that knows its version, so that a roll-back
    /// loses nothing.
    ///
    /// # Errors
    /// The queue does not take it, or it is ten days old: it is left to become a dead letter.
    pub(crate) async fn send_back(
        &self,
        newer: AnyVersion,
        message: &QueueMessage,
    ) -> PortResult<Disposition> {
        let AnyVersion { dataschema, source, kind, id, receivedtime } = newer;
        let failure =
            |problem: &str| PortError(format!("envelope {id} of {dataschema}: {problem}"));
        let received = OffsetDateTime::parse(&receivedtime, &Rfc3339);
        let received = received.map_err(|_| failure("receivedtime cannot be read"))?;
        if self.now() - received >= MAX_AGE {
            return Err(failure("no worker has known this version for ten days"));
        }
        let provider = source.split('/').nth(1).unwrap_or_default();
        let row = profile::ALL.iter().find(|row| row.provider.as_str() == provider);
        let provider = row.ok_or_else(|| failure("unknown event source"))?.provider;
        let group = fair_queue_group(&source);
        telemetry::newer_version(message, &dataschema);
        let body = message.body.clone();
        let message = Outgoing {
            provider,
            kind,
            group,
            body,
            received: Some(received),
            delay: MAX_DELAY,
            expires: None,
        };
        self.ports.events.send(vec![message]).await?;
        telemetry::waiting(received, self.now());
        Ok(Disposition::Requeued)
    }
}
