use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use embedded::{Options, Reader, State};
use envelope::Provider;
use ports::ArchiveReader;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use simulator::Simulator;

/// The database of a state folder, opened read-only.
pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(folder.join("certhooks.db"), flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(Self { connection })
    }

    /// How far each event that was being processed when the process was killed had been processed, as read from
    /// the state that is left.
    pub(crate) fn crash_points(&self, simulator: &Simulator) -> Result<Vec<&'static str>> {
        let requested: BTreeSet<String> = simulator
            .requests()
            .recent()
            .iter()
            .flat_map(|request| request.path.split('/').map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let mut query = self.connection.prepare(
            "SELECT bodies.body,
                    json_extract(bodies.body, '$.id') IN (SELECT id FROM ledger),
                    json_extract(bodies.body, '$.id') IN (SELECT id FROM deliveries)
                 FROM messages JOIN bodies ON bodies.id = messages.id
                 WHERE messages.state = 2",
        )?;
        let rows = query.query_map([], |row| <(String, bool, bool)>::try_from(row))?;
        let mut found = Vec::new();
        for row in rows {
            let (body, recorded, published) = row?;
            let envelope: Value = serde_json::from_str(&body)?;
            found.push(match (recorded, published) {
                // The event is still on the queue.
                (true, _) => "between record and delete",
                // On SQS this is the only cause of repeats.
                (false, true) => "between publish and record",
                // The response may or may not have arrived.
                (false, false) if was_requested(&envelope, &requested) => {
                    "during or after call-back"
                }
                (false, false) if self.is_archived(&envelope)? => "after archive",
                (false, false) => "after receive",
            });
        }
        Ok(found)
    }

    fn is_archived(&self, envelope: &Value) -> Result<bool> {
        let text = |name: &str| envelope[name].as_str().unwrap_or_default();
        let provider = text("source").split('/').nth(1).unwrap_or_default();
        let day = text("receivedtime").get(..10).unwrap_or_default().replace('-', "/");
        let key = format!("{provider}/{day}/{}", text("id"));
        let exists = "SELECT EXISTS (SELECT 1 FROM archive WHERE key = ?1)";
        Ok(self.connection.query_row(exists, [key], |row| row.get(0))?)
    }

    /// How often each id was delivered.
    pub(crate) fn delivered(&self) -> Result<BTreeMap<String, u64>> {
        let mut query =
            self.connection.prepare("SELECT id, count(*) FROM deliveries GROUP BY id")?;
        let rows = query.query_map([], |row| {
            row.get::<_, i64>(1).and_then(|count| Ok((row.get(0)?, count.unsigned_abs())))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of conflicts that were recorded.
    pub(crate) fn conflicts(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM ledger WHERE id LIKE '%/conflict/%'";
        let count: i64 = self.connection.query_row(count, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    pub(crate) fn count(&self, table: &str) -> Result<u64> {
        let count = format!("SELECT count(*) FROM {table}");
        let count: i64 = self.connection.query_row(&count, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The result of `PRAGMA integrity_check`: `ok`, or what is damaged.
    pub(crate) fn integrity(&self) -> Result<String> {
        Ok(self.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?)
    }
}

/// Calls `inspect` with each delivered certificate event of a state folder, as JSON.
pub(crate) async fn each_delivery(folder: &Path, mut inspect: impl FnMut(&str)) -> Result<()> {
    let reader = Reader::open(folder)?;
    let mut sequence = 0;
    loop {
        let page = reader.read_after(sequence, 1000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        sequence = last.sequence;
        page.iter().for_each(|delivered| inspect(&delivered.body));
    }
}

/// Calls `inspect` with each archived envelope of a state folder, as JSON.
pub(crate) async fn each_archived(folder: &Path, mut inspect: impl FnMut(&str)) -> Result<()> {
    let archive = State::join(folder, Options::default())?.archive();
    for provider in Provider::ALL {
        let mut key = String::new();
        loop {
            let page = archive.list(&format!("{provider}/"), &key).await?;
            let Some(last) = page.last() else { break };
            last.clone_into(&mut key);
            for key in page {
                let object = archive.get(&key).await?.unwrap_or_default();
                inspect(&String::from_utf8_lossy(&object));
            }
        }
    }
    Ok(())
}

/// Whether the simulated provider got a request with one of the ids of the event.
fn was_requested(envelope: &Value, requested: &BTreeSet<String>) -> bool {
    let data = &envelope["data"]["data"];
    ["certificate_id", "order_id", "id"].iter().any(|name| match &data[name] {
        Value::String(text) => requested.contains(text),
        Value::Null => false,
        number => requested.contains(&number.to_string()),
    })
}
