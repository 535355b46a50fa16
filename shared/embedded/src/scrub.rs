use rusqlite::Connection;

/// Rewrites the two tables of secrets, so that no trace of a deleted row is left. Rows of
/// `confidential` without a message are deleted. `secure_delete` overwrites a deleted row and every
/// page that becomes free, but not the copy of a row that stays in a page after SQLite moved the
/// row to a neighbouring page. Deleting all rows of a table overwrites all of its pages, but only
/// if the table has no foreign keys and triggers (<https://www.sqlite.org/lang_delete.html>, 3).
/// Both tables have a few rows at most.
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

    use fastrand::Rng;

    use super::*;
    use crate::schema;
    use crate::test_folder::TestFolder;

    /// Inserts and deletes messages until few are left. Returns the ids of the deleted ones.
    fn insert_and_delete(connection: &Connection, seed: u64) -> rusqlite::Result<BTreeSet<usize>> {
        let (mut random, mut present, mut deleted) =
            (Rng::with_seed(seed), Vec::new(), BTreeSet::new());
        let mut below = |limit: usize| random.usize(..limit);
        for id in 1..=1200 {
            if id <= 600 {
                let filling = "x".repeat([10, 50, 300, 900, 3000][below(5)]);
                connection.execute(
                    "INSERT INTO messages (id, provider, kind, grp, state, rank, visible_at, sent_at)
                         VALUES (?1, '', '', '', 0, 0, 0, 0)",
                    [id as i64],
                )?;
                connection.execute(
                    "INSERT INTO confidential (id, body) VALUES (?1, ?2)",
                    (id as i64, format!("token-{id}-end{filling}")),
                )?;
                present.push(id);
            }
            if present.len() > 10 && (id > 600 || below(10) < 7) {
                let removed = present.swap_remove(below(present.len()));
                connection.execute("DELETE FROM messages WHERE id = ?1", [removed as i64])?;
                connection.execute("DELETE FROM confidential WHERE id = ?1", [removed as i64])?;
                deleted.insert(removed);
            }
        }
        Ok(deleted)
    }

    /// How many of the deleted rows can be found in the file.
    fn traces(file: &Path, deleted: &BTreeSet<usize>) -> usize {
        let content = std::fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&content);
        let found = text.split("token-").filter_map(|rest| rest.split_once("-end")?.0.parse().ok());
        found.collect::<BTreeSet<usize>>().intersection(deleted).count()
    }

    #[test]
    fn no_trace_is_left_of_a_row_that_moved_and_was_deleted() {
        let mut traces_before_scrub = 0;
        // Whether SQLite moves a row that is deleted later depends on the sizes, so on the seed.
        for seed in 0..100 {
            if seed >= 12 && traces_before_scrub > 0 {
                break;
            }
            let folder = TestFolder::new();
            crate::files::create_folder(folder.path()).unwrap();
            let file = folder.path().join(schema::FILE);
            let connection = schema::open(&file).unwrap();
            let commit = "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)";
            connection.execute_batch("BEGIN").unwrap();
            let deleted = insert_and_delete(&connection, seed).unwrap();
            connection.execute_batch(commit).unwrap();
            traces_before_scrub += traces(&file, &deleted);

            connection.execute_batch("BEGIN").unwrap();
            scrub(&connection).unwrap();
            connection.execute_batch(commit).unwrap();
            assert_eq!(traces(&file, &deleted), 0, "seed {seed}");
            let kept: i64 = connection
                .query_row("SELECT count(*) FROM confidential", [], |row| row.get(0))
                .unwrap();
            assert_eq!(kept as usize, 600 - deleted.len());
        }
        assert!(traces_before_scrub > 0, "without traces before, this test proves nothing");
    }
}
