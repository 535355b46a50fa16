use ports::{Outgoing, PortResult};

use crate::database::Database;
use crate::queue;
use crate::transaction::Transaction;

/// Messages that were received too often. [`Reader::dead_letters`](crate::Reader::dead_letters) lists
/// them.
#[derive(Clone)]
pub struct LocalDeadLetters {
    database: Database,
}

impl LocalDeadLetters {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Replaces each dead letter, given by its id, with the message on the events queue, all in one
    /// transaction. Returns how many; letters that another process removed meanwhile are left out.
    pub async fn retry(&self, letters: Vec<(i64, Outgoing)>) -> PortResult<usize> {
        let retry = move |transaction: &Transaction<'_>| {
            let mut retried = 0;
            for (id, message) in &letters {
                if remove(transaction, *id)? {
                    queue::send(transaction, message)?;
                    retried += 1;
                }
            }
            Ok(retried)
        };
        self.database.call(retry).await
    }

    /// Deletes dead letters for good. Returns how many there were.
    pub async fn remove(&self, ids: Vec<i64>) -> PortResult<usize> {
        let removal = move |transaction: &Transaction<'_>| {
            ids.iter()
                .try_fold(0, |removed, id| Ok(removed + usize::from(remove(transaction, *id)?)))
        };
        self.database.call(removal).await
    }
}

fn remove(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<bool> {
    let mut delete =
        transaction.connection.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?;
    Ok(delete.execute([id])? > 0)
}
