use std::cell::Cell;

use rusqlite::Connection;

/// A transaction under way, shared by several calls.
pub(crate) struct Transaction<'a> {
    pub(crate) connection: &'a Connection,
    /// Microseconds since 1970; the same for all work in the transaction.
    pub(crate) now: i64,
    scrub: Cell<bool>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(connection: &'a Connection, now: i64) -> Self {
        Self { connection, now, scrub: Cell::new(false) }
    }

    /// Marks that something confidential was deleted. The writer then removes all traces of it
    /// before it commits.
    pub(crate) fn request_scrub(&self) {
        self.scrub.set(true);
    }

    pub(crate) fn needs_scrub(&self) -> bool {
        self.scrub.get()
    }
}
