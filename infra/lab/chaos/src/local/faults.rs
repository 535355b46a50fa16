use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::Connection;
use serde_json::json;
use simulator::{Fault, Rule};
use std::sync::atomic::Ordering;

use crate::local::crash::finish;
use crate::local::scene::Scene;
use crate::planted_secrets;
use crate::report::Row;
use harness::Random;

const SIDE_BY_SIDE: usize = 8;
/// The longest that another program holds the database; SQLite waits 5 s.
const HELD: u64 = 1500;

/// Providers fail in every way, another program holds the database, and the archive cannot be
/// written, all at random while events come through: until `faults` were injected.
///
/// # Errors
/// Something other than an injected fault went wrong.
pub async fn faults(certhooks: &Path, faults: u64, seed: u64) -> Result<Row> {
    let began = Instant::now();
    let mut scene = Scene::set(certhooks, planted_secrets::scanner(&[])).await?;
    let mut random = Random::new(seed);
    let senders = scene.senders.clone();
    let sending = senders.start(SIDE_BY_SIDE, u64::MAX);
    let mut row = Row::new("faults, local", seed);
    while row.faults < faults {
        let injected = match random.below(10) {
            0 => Some(hold_database(&scene, Duration::from_millis(random.below(HELD))).await?),
            1 => block_archive(&scene, Duration::from_millis(random.below(300))).await?,
            _ => Some(fail_providers(&scene, &mut random)),
        };
        if let Some(name) = injected {
            row.faults += 1;
            *row.at.entry(name.to_owned()).or_default() += 1;
        }
        tokio::time::sleep(Duration::from_millis(random.below(60))).await;
    }
    senders.end();
    finish(sending).await?;
    scene.simulator.faults().clear();
    scene.settle().await?;
    row.measured.insert("refused_with_503".into(), json!(senders.refused.load(Ordering::Relaxed)));
    let row = scene.judge(row, true)?;
    Ok(Row { seconds: began.elapsed().as_secs(), ..row })
}

/// The next requests to a provider meet a fault.
fn fail_providers(scene: &Scene, random: &mut Random) -> &'static str {
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
    scene.simulator.faults().add(Rule::new(path, fault).times(1));
    name
}

/// Another program writes to the database and takes its time.
async fn hold_database(scene: &Scene, time: Duration) -> Result<&'static str> {
    let connection = Connection::open(scene.folder().join("certhooks.db"))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    tokio::time::sleep(time).await;
    connection.execute_batch("ROLLBACK")?;
    Ok("database held")
}

/// A file is where a folder of the archive should be; `None` when that could not be had.
async fn block_archive(scene: &Scene, time: Duration) -> Result<Option<&'static str>> {
    let folder = scene.folder().join("archive").join("digicert");
    let away = scene.folder().join("archive").join(".away");
    if !moved(&folder, &away)? {
        return Ok(None);
    }
    if File::create_new(&folder).is_err() {
        // The program was faster and made the folder anew.
        merge(&away, &folder)?;
        return Ok(None);
    }
    tokio::time::sleep(time).await;
    fs::remove_file(&folder)?;
    // The program may make it anew at any moment.
    merge(&away, &folder)?;
    Ok(Some("archive blocked"))
}

/// Moves all that is in `from` into `to`, where somebody else may be writing, and removes `from`.
fn merge(from: &Path, to: &Path) -> Result<()> {
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
    fs::remove_dir(from).with_context(|| from.display().to_string())
}

fn moved(from: &PathBuf, to: &PathBuf) -> Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}
