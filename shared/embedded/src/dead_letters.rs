use ports::{Outgoing, PortResult};

use crate::database::Database;
use crate::queue;
use crate::writer::Transaction;

/// What was received too often; [`Reader::dead_letters`](crate::Reader::dead_letters) reads it.
#[derive(Clone)]
pub struct LocalDeadLetters {
    database: Database,
}

impl LocalDeadLetters {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Puts each message onto the events queue in the place of the dead letter of that id, all in one
    /// transaction. How many; those that somebody else took meanwhile are left out.
    pub async fn retry(&self, letters: Vec<(i64, Outgoing)>) -> PortResult<usize> {
        let retry = move |transaction: &Transaction<'_>| {
            let mut done = 0;
            for (id, message) in &letters {
                if remove(transaction, *id)? {
                    queue::send(transaction, message)?;
                    done += 1;
                }
            }
            Ok(done)
        };
        self.database.call(retry).await
    }

    /// Removes them for good. How many there were.
    pub async fn remove(&self, ids: Vec<i64>) -> PortResult<usize> {
        let removal = move |transaction: &Transaction<'_>| {
            ids.iter().try_fold(0, |done, id| Ok(done + usize::from(remove(transaction, *id)?)))
        };
        self.database.call(removal).await
    }
}

fn remove(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<bool> {
    let mut delete =
        transaction.connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?;
    Ok(delete.execute([id])? > 0)
}
