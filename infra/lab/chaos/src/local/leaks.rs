use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::documents::document;
use crate::local::testbed::Testbed;
use crate::planted_secrets;
use crate::report::Row;
use crate::secrets::{documents_with_secrets, is_challenge, leak_faults, private_key};

/// The number of events without a secret in each round.
const PLAIN: u64 = 8;

/// Sends events with secrets through `certhooks local`, with faulty responses of the providers, and searches
/// all output for the secrets.
///
/// # Errors
/// The process or a sender failed.
pub async fn leaks(certhooks: &Path, rounds: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let pem = private_key()?;
    let mut testbed = Testbed::start(certhooks, planted_secrets::scanner(&[&pem])).await?;
    let senders = testbed.senders.clone();
    for number in 1..=rounds {
        testbed.simulator.faults().set(leak_faults());
        for number in number * PLAIN..(number + 1) * PLAIN {
            let (provider, plain) = document(number);
            senders.send(provider, &plain).await?;
        }
        for (provider, document) in documents_with_secrets(&pem, number) {
            let ids = senders.send(provider, &document).await?;
            if is_challenge(&document) {
                // A challenge is stored for the operator and never delivered.
                senders.accepted().retain(|id| !ids.contains(id));
            }
        }
    }
    testbed.drain().await?;
    let row = testbed.evaluate(Row::new("leaks, local", seed), true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}
