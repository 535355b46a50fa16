use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use simulator::Simulator;

/// The database of a state folder, opened read-only.
pub(crate) struct Database {
    folder: PathBuf,
    connection: Connection,
}

impl Database {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(folder.join("certhooks.db"), flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(Self { folder: folder.to_owned(), connection })
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
            "SELECT bodies.body, recorded, published.id IS NOT NULL
                 FROM messages JOIN bodies ON bodies.id = messages.id
                 LEFT JOIN ledger ON ledger.id = json_extract(bodies.body, '$.id')
                 LEFT JOIN (SELECT DISTINCT id FROM deliveries) AS published ON published.id = ledger.id
                 WHERE messages.state = 2",
        )?;
        let rows = query.query_map([], |row| <(String, Option<bool>, bool)>::try_from(row))?;
        let mut found = Vec::new();
        for row in rows {
            let (body, recorded, published) = row?;
            let envelope: Value = serde_json::from_str(&body)?;
            found.push(match (recorded, published) {
                // The event is still on the queue.
                (Some(true), _) => "between record and delete",
                // On SQS this is the only cause of repeats.
                (Some(false), true) => "between publish and record",
                // The response may or may not have arrived.
                (Some(false), false) if was_requested(&envelope, &requested) => {
                    "during or after call-back"
                }
                (Some(false), false) if self.is_archived(&envelope) => "after archive",
                (Some(false), false) => "after claim",
                (None, _) => "after receive",
            });
        }
        Ok(found)
    }

    fn is_archived(&self, envelope: &Value) -> bool {
        let text = |name: &str| envelope[name].as_str().unwrap_or_default();
        let provider = text("source").split('/').nth(1).unwrap_or_default();
        let day = text("receivedtime").get(..10).unwrap_or_default().replace('-', "/");
        self.folder.join("archive").join(provider).join(day).join(text("id")).exists()
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

    /// Calls `inspect` with each delivered certificate event, as JSON.
    pub(crate) fn each_delivery(&self, mut inspect: impl FnMut(&str)) -> Result<()> {
        let mut query = self.connection.prepare("SELECT body FROM deliveries")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            inspect(row.get_ref(0)?.as_str()?);
        }
        Ok(())
    }

    /// The number of conflicts that were recorded.
    pub(crate) fn conflicts(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM ledger WHERE recorded = 1 AND id LIKE '%/conflict/%'";
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

/// Whether the simulated provider got a request with one of the ids of the event.
fn was_requested(envelope: &Value, requested: &BTreeSet<String>) -> bool {
    let data = &envelope["data"]["data"];
    ["certificate_id", "order_id", "id"].iter().any(|name| match &data[name] {
        Value::String(text) => requested.contains(text),
        Value::Null => false,
        number => requested.contains(&number.to_string()),
    })
}
