use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::Connection;
use serde_json::json;
use simulator::{Fault, Rule};
use std::sync::atomic::Ordering;

use crate::local::crash::finish;
use crate::local::testbed::Testbed;
use crate::planted_secrets;
use crate::report::Row;
use harness::Random;

const CONCURRENCY: usize = 8;
/// The longest time in milliseconds that another program locks the database; SQLite waits 5 s.
const MAX_LOCK_MS: u64 = 1500;

/// Injects `faults` faults at random while events are processed: faulty responses of the providers, a locked
/// database, and an archive that cannot be written.
///
/// # Errors
/// Something other than an injected fault went wrong.
pub async fn faults(certhooks: &Path, faults: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let mut testbed = Testbed::start(certhooks, planted_secrets::scanner(&[])).await?;
    let mut random = Random::new(seed);
    let senders = testbed.senders.clone();
    let sending = senders.start(CONCURRENCY, u64::MAX);
    let mut row = Row::new("faults, local", seed);
    while row.faults < faults {
        let injected = match random.below(10) {
            0 => Some(
                lock_database(&testbed, Duration::from_millis(random.below(MAX_LOCK_MS))).await?,
            ),
            1 => block_archive(&testbed, Duration::from_millis(random.below(300))).await?,
            _ => Some(fail_providers(&testbed, &mut random)),
        };
        if let Some(name) = injected {
            row.faults += 1;
            *row.at.entry(name.to_owned()).or_default() += 1;
        }
        tokio::time::sleep(Duration::from_millis(random.below(60))).await;
    }
    senders.stop();
    finish(sending).await?;
    testbed.simulator.faults().clear();
    testbed.drain().await?;
    row.measured.insert("refused_with_503".into(), json!(senders.refused.load(Ordering::Relaxed)));
    let row = testbed.evaluate(row, true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

/// Injects a fault into the next request to a provider.
fn fail_providers(testbed: &Testbed, random: &mut Random) -> &'static str {
    let path = if random.percent(70) { "/services/v2" } else { "/client/v4" };
    let (name, fault) = match random.below(7) {
        0 => ("429", Fault::RateLimited { retry_after: Some(1), status: None }),
        1 => ("5xx", Fault::ServerError { status: None }),
        2 => ("reset", Fault::Reset),
        3 => ("cut off", Fault::CutOff),
        4 => ("slow", Fault::Slow { millis: 20 + random.below(500) }),
        5 => ("no body", Fault::Empty),
        _ => ("HTML", Fault::Html),
    };
    testbed.simulator.faults().add(Rule::new(path, fault).times(1));
    name
}

/// Locks the database for a while, as another program might.
async fn lock_database(testbed: &Testbed, time: Duration) -> Result<&'static str> {
    let connection = Connection::open(testbed.folder().join("certhooks.db"))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    tokio::time::sleep(time).await;
    connection.execute_batch("ROLLBACK")?;
    Ok("database held")
}

/// Puts a file in the place of a folder of the archive. `None` if that was not possible.
async fn block_archive(testbed: &Testbed, time: Duration) -> Result<Option<&'static str>> {
    let folder = testbed.folder().join("archive").join("digicert");
    let away = testbed.folder().join("archive").join(".away");
    if !moved(&folder, &away)? {
        return Ok(None);
    }
    if File::create_new(&folder).is_err() {
        // The program has created the folder again.
        merge(&away, &folder)?;
        return Ok(None);
    }
    tokio::time::sleep(time).await;
    fs::remove_file(&folder)?;
    // The program may create the folder again at any time.
    merge(&away, &folder)?;
    Ok(Some("archive blocked"))
}

/// Moves everything in `from` into `to`, while another program may write to both, and removes `from`.
fn merge(from: &Path, to: &Path) -> Result<()> {
    loop {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                merge(&entry.path(), &target)?;
            } else {
                fs::rename(entry.path(), target)?;
            }
        }
        match fs::remove_dir(from) {
            // A path that the program had resolved before the folder was renamed still leads here.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
            result => return result.with_context(|| from.display().to_string()),
        }
    }
}

fn moved(from: &PathBuf, to: &PathBuf) -> Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
