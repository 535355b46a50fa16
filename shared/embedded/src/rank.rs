use crate::transaction::Transaction;

/// The rank of a message that becomes ready in this group: one after the last ready message of the
/// group, but not below the lowest ready rank of the provider (see `fair_queue`).
pub(crate) fn next_rank(
    transaction: &Transaction<'_>,
    provider: &str,
    group: &str,
) -> rusqlite::Result<i64> {
    transaction
        .connection
        .prepare_cached(
            "SELECT max(
                 coalesce((SELECT min(rank) FROM messages WHERE state = 0 AND provider = ?1), 0),
                 coalesce((SELECT max(rank) + 1 FROM messages WHERE state = 0 AND grp = ?2), 0))",
        )?
        .query_row((provider, group), |row| row.get(0))
}
