use anyhow::Result;
use rcgen::KeyPair;
use simulator::{Fault, Rule};

use crate::events::{Kinds, with_secrets};
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::testbed::Testbed;

/// The number of events without a secret in each round.
const PLAIN: u64 = 8;

/// Sends events with secrets, with faulty responses of the providers, and searches all output for the secrets:
/// logs and metrics, responses, deliveries, archive, ledger.
pub(crate) async fn leaks<T: Testbed>(programs: &Programs, rounds: u64, row: Row) -> Result<Row> {
    let pem = KeyPair::generate()?.serialize_pem();
    let mut testbed = T::start(programs, scanner(&[&pem])).await?;
    let kinds = Kinds::read()?;
    let mut challenges = 0;
    for round in 1..=rounds {
        testbed.simulator().faults().set(faults(testbed.simulator()));
        let plain = (round * PLAIN..(round + 1) * PLAIN).map(|number| kinds.event(number));
        for event in plain.chain(with_secrets(&pem, round)?.into_iter().map(Ok)) {
            let event = event?;
            testbed.send(&event).await?;
            challenges += u64::from(event.is_challenge);
        }
        testbed.drain(challenges).await?;
    }
    testbed.evaluate(row).await
}

/// Faulty responses that might make the worker log or publish too much, each for one request to each provider.
fn faults(simulator: &simulator::Simulator) -> Vec<Rule> {
    let limited = Fault::RateLimited { retry_after: Some(1), status: None };
    let faults = [limited, Fault::PrivateKey, Fault::Html, Fault::CutOff];
    let paths = simulator.paths();
    paths.flat_map(|path| faults.clone().map(|fault| Rule::new(path, fault).times(1))).collect()
}
