use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use rusqlite::Connection;
use simulator::{Fault, Rule};

use crate::local::testbed::LocalTestbed;
use crate::programs::Programs;
use crate::report::Row;
use crate::secrets::scanner;
use crate::testbed::Testbed;

/// The longest time in milliseconds that another program locks the database; SQLite waits 5 s.
const MAX_LOCK_MS: u64 = 1500;

/// Injects `faults` faults at random while events are processed: faulty responses of the providers, and a
/// locked database.
pub(crate) async fn faults(programs: &Programs, faults: u64, mut row: Row) -> Result<Row> {
    let mut testbed = LocalTestbed::start(programs, scanner(&[])).await?;
    let mut random = Rng::with_seed(row.seed);
    let sending = testbed.senders.start();
    while row.faults < faults {
        let name = match random.u64(..10) {
            0 => lock_database(&testbed, random.u64(..MAX_LOCK_MS)).await?,
            _ => fail_providers(&testbed, &mut random),
        };
        row.faults += 1;
        *row.at.entry(name.to_owned()).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(random.u64(..60))).await;
    }
    testbed.senders.stop(sending).await?;
    testbed.drain(0).await?;
    testbed.evaluate(row).await
}

/// Injects a fault into the next request to a provider.
fn fail_providers(testbed: &LocalTestbed, random: &mut Rng) -> &'static str {
    let paths: Vec<_> = testbed.simulator.paths().collect();
    let path = paths[random.usize(..paths.len())];
    let (name, fault) = match random.u64(..7) {
        0 => ("429", Fault::RateLimited { retry_after: Some(1), status: None }),
        1 => ("5xx", Fault::ServerError { status: None }),
        2 => ("reset", Fault::Reset),
        3 => ("cut off", Fault::CutOff),
        4 => ("slow", Fault::Slow { millis: 20 + random.u64(..500) }),
        5 => ("no body", Fault::Empty),
        _ => ("HTML", Fault::Html),
    };
    testbed.simulator.faults().add(Rule::new(path, fault).times(1));
    name
}

/// Locks the database for a while, as another program might.
async fn lock_database(testbed: &LocalTestbed, millis: u64) -> Result<&'static str> {
    let connection = Connection::open(testbed.folder().join("certhooks.db"))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    tokio::time::sleep(Duration::from_millis(millis)).await;
    connection.execute_batch("ROLLBACK")?;
    Ok("database held")
}
