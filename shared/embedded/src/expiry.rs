use std::time::Duration;

use rusqlite::Connection;

use crate::clock::{DAY, span};
use crate::queue;
use crate::writer::Transaction;

/// Rows that one step deletes of one table: short enough not to be noticed beside the queue.
const STEP: i64 = 1000;

const DELIVERIES_KEPT: Duration = DAY.saturating_mul(14);
const DEAD_LETTERS_KEPT: Duration = DAY.saturating_mul(14);

/// Whether one step sufficed.
pub(crate) enum Expired {
    All,
    Part,
}

/// Deletes what is past its time, in small steps.
pub(crate) fn step(transaction: &Transaction<'_>) -> rusqlite::Result<Expired> {
    queue::remove_expired(transaction)?;
    let challenges =
        delete(transaction, "DELETE FROM challenges WHERE expires <= ?1", transaction.now)?;
    if challenges > 0 {
        transaction.scrub();
    }
    let ledger = [0, 1].into_iter().try_fold(0, |most, recorded| {
        Ok::<_, rusqlite::Error>(most.max(forget_ids(transaction, recorded)?))
    })?;
    let dead = oldest(
        transaction,
        "dead_letters",
        "id",
        "died_at",
        transaction.now - span(DEAD_LETTERS_KEPT),
    )?;
    let delivered = oldest(
        transaction,
        "deliveries",
        "sequence",
        "published_at",
        transaction.now - span(DELIVERIES_KEPT),
    )?;
    let most = ledger.max(dead).max(delivered).max(forget_certificates(transaction)?);
    Ok(if most < STEP as usize { Expired::All } else { Expired::Part })
}

fn forget_ids(transaction: &Transaction<'_>, recorded: i64) -> rusqlite::Result<usize> {
    transaction
        .connection
        .prepare_cached(
            "DELETE FROM ledger WHERE id IN
                 (SELECT id FROM ledger WHERE recorded = ?1 AND keep_until <= ?2 LIMIT ?3)",
        )?
        .execute((recorded, transaction.now, STEP))
}

/// Each by the index of its age.
fn forget_certificates(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    ["certificates", "history", "aliases"].into_iter().try_fold(0, |most, table| {
        let statement = format!(
            "DELETE FROM {table} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE keep_until <= ?1 LIMIT {STEP})"
        );
        Ok(most.max(delete(transaction, &statement, transaction.now)?))
    })
}

/// Looks at the oldest rows only, since keys and times rise together.
fn oldest(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    time: &str,
    until: i64,
) -> rusqlite::Result<usize> {
    let statement = format!(
        "DELETE FROM {table} WHERE {time} <= ?1 AND {key} IN
             (SELECT {key} FROM {table} ORDER BY {key} LIMIT {STEP})"
    );
    delete(transaction, &statement, until)
}

fn delete(transaction: &Transaction<'_>, statement: &str, until: i64) -> rusqlite::Result<usize> {
    transaction.connection.prepare_cached(statement)?.execute([until])
}

/// Writes the two tables of secrets anew, without what belongs to no message. `secure_delete`
/// overwrites a deleted row and every page that falls free, but not the copy of a row that stays in
/// the gap of a page after SQLite moved the row to a neighbour; deleting all rows of a table
/// overwrites all of its pages. That is so only for a table without foreign keys and triggers
/// (<https://www.sqlite.org/lang_delete.html>, 3). Both tables hold a few rows at most.
pub(crate) fn scrub(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TEMP TABLE kept AS
             SELECT * FROM main.confidential WHERE id IN (SELECT id FROM main.messages);
         DELETE FROM main.confidential;
         INSERT INTO main.confidential SELECT * FROM temp.kept;
         DROP TABLE temp.kept;
         CREATE TEMP TABLE kept AS SELECT * FROM main.challenges;
         DELETE FROM main.challenges;
         INSERT INTO main.challenges SELECT * FROM temp.kept;
         DROP TABLE temp.kept;",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::folder::TestFolder;
    use crate::schema;

    /// Numbers that look random and are the same each time (Knuth's MMIX generator).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) as usize % limit
        }
    }

    /// Sends and removes messages until few are left; answers the ids of the others.
    fn come_and_go(connection: &Connection, seed: u64) -> rusqlite::Result<BTreeSet<usize>> {
        let (mut numbers, mut here, mut gone) = (Numbers(seed), Vec::new(), BTreeSet::new());
        for id in 1..=1200 {
            if id <= 600 {
                let filling = "x".repeat([10, 50, 300, 900, 3000][numbers.below(5)]);
                connection.execute(
                    "INSERT INTO messages (id, provider, kind, grp, state, rank, visible_at, sent_at)
                         VALUES (?1, '', '', '', 0, 0, 0, 0)",
                    [id as i64],
                )?;
                connection.execute(
                    "INSERT INTO confidential (id, body) VALUES (?1, ?2)",
                    (id as i64, format!("token-{id}-end{filling}")),
                )?;
                here.push(id);
            }
            if here.len() > 10 && (id > 600 || numbers.below(10) < 7) {
                let removed = here.swap_remove(numbers.below(here.len()));
                connection.execute("DELETE FROM messages WHERE id = ?1", [removed as i64])?;
                connection.execute("DELETE FROM confidential WHERE id = ?1", [removed as i64])?;
                gone.insert(removed);
            }
        }
        Ok(gone)
    }

    fn traces(file: &Path, gone: &BTreeSet<usize>) -> usize {
        let content = std::fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&content);
        let found = text.split("token-").filter_map(|rest| rest.split_once("-end")?.0.parse().ok());
        found.collect::<BTreeSet<usize>>().intersection(gone).count()
    }

    #[test]
    fn nothing_is_left_of_a_row_that_moved_and_was_deleted() {
        let mut traces_without = 0;
        for seed in 0..12 {
            let folder = TestFolder::new();
            crate::files::create_folder(folder.path()).unwrap();
            let file = folder.path().join(schema::FILE);
            let connection = schema::open(&file).unwrap();
            let commit = "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)";
            connection.execute_batch("BEGIN").unwrap();
            let gone = come_and_go(&connection, seed).unwrap();
            connection.execute_batch(commit).unwrap();
            traces_without += traces(&file, &gone);

            connection.execute_batch("BEGIN").unwrap();
            scrub(&connection).unwrap();
            connection.execute_batch(commit).unwrap();
            assert_eq!(traces(&file, &gone), 0, "seed {seed}");
            let kept: i64 = connection
                .query_row("SELECT count(*) FROM confidential", [], |row| row.get(0))
                .unwrap();
            assert_eq!(kept as usize, 600 - gone.len());
        }
        assert!(traces_without > 0, "else this test proves nothing");
    }
}
