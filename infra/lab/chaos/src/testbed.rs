use anyhow::Result;
use harness::SecretScanner;
use simulator::Simulator;

use crate::events::Event;
use crate::programs::Programs;
use crate::report::Row;

/// One of the two forms of the product with everything around it, from the start to the evaluation.
pub(crate) trait Testbed: Sized {
    /// All output is searched with `scanner`.
    async fn start(programs: &Programs, scanner: SecretScanner) -> Result<Self>;

    fn simulator(&self) -> &Simulator;

    /// Sends an event as its provider does, until it is acknowledged.
    async fn send(&mut self, event: &Event) -> Result<()>;

    /// Waits, without faults, until everything is processed except the events of `challenges`, which wait until
    /// their tokens are deleted.
    async fn drain(&mut self, challenges: u64) -> Result<()>;

    /// Compares what was acknowledged with what was delivered, and searches everything that was stored.
    async fn evaluate(self, row: Row) -> Result<Row>;
}
