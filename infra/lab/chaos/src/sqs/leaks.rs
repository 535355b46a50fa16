use std::time::Instant;

use anyhow::Result;

use crate::documents::document;
use crate::planted_secrets;
use crate::report::Row;
use crate::secrets::{documents_with_secrets, is_challenge, leak_faults, private_key};
use crate::sqs::event_source_mapping::{Deletion, poll};
use crate::sqs::functions::Functions;
use crate::sqs::outcome::{drain, evaluate};
use crate::sqs::testbed::Testbed;

/// Sends events with secrets through the compiled functions, with faulty responses of the providers, and
/// searches all output for the secrets: logs and metrics, responses, deliveries, archive, ledger.
///
/// # Errors
/// A function or the emulator failed.
pub async fn leaks(functions: &Functions, rounds: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let pem = private_key()?;
    let scanner = planted_secrets::scanner(&[&pem]);
    let mut testbed = Testbed::start(functions, &scanner).await?;
    for number in 1..=rounds {
        testbed.simulator.faults().set(leak_faults());
        let mut all = documents_with_secrets(&pem, number);
        all.extend((number * 4..number * 4 + 4).map(document));
        for (provider, document) in all {
            let queue = (&testbed.emulator, testbed.events.as_str());
            let ids = testbed.webhooks.send((provider, &document), &testbed.proxy, queue).await?;
            if is_challenge(&document) {
                // A challenge is stored for the operator and never delivered.
                testbed.webhooks.accepted.retain(|id| !ids.contains(id));
            }
        }
        while poll(&mut testbed, Deletion::Made).await? {}
    }
    drain(&mut testbed, rounds).await?;
    let row = evaluate(testbed, Row::new("leaks, SQS", seed), &scanner).await?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}
