use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::documents::document;
use crate::local::scene::Scene;
use crate::planted_secrets;
use crate::report::Row;
use crate::secrets::{documents, ills, is_challenge, private_key};

/// Events without a secret, for each round.
const PLAIN: u64 = 8;

/// Events with secrets in them, refused API keys and broken answers, through `certhooks local` with the
/// log as loud as it goes; then all that came out is searched.
///
/// # Errors
/// Something went wrong.
pub async fn leaks(certhooks: &Path, rounds: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let pem = private_key()?;
    let mut scene = Scene::set(certhooks, planted_secrets::scanner(&[&pem])).await?;
    let senders = scene.senders.clone();
    for number in 1..=rounds {
        scene.simulator.faults().set(ills());
        for number in number * PLAIN..(number + 1) * PLAIN {
            let (provider, plain) = document(number);
            senders.send(provider, &plain).await?;
        }
        for (provider, document) in documents(&pem, number) {
            let ids = senders.send(provider, &document).await?;
            if is_challenge(&document) {
                // It waits for the operator and is never delivered.
                senders.accepted().retain(|id| !ids.contains(id));
            }
        }
    }
    scene.settle().await?;
    let row = scene.judge(Row::new("leaks, local", seed), true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}
