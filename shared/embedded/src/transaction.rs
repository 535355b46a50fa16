use std::cell::{Cell, RefCell, RefMut};

use rusqlite::Connection;

use crate::claims::Claims;
use crate::compression::{Compression, Packed};

/// A transaction under way, shared by several calls.
pub(crate) struct Transaction<'a> {
    pub(crate) connection: &'a Connection,
    /// Microseconds since 1970; the same for all work in the transaction.
    pub(crate) now: i64,
    compression: &'a RefCell<Compression>,
    claims: &'a RefCell<Claims>,
    scrub: Cell<bool>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        compression: &'a RefCell<Compression>,
        claims: &'a RefCell<Claims>,
        now: i64,
    ) -> Self {
        Self { connection, now, compression, claims, scrub: Cell::new(false) }
    }

    /// Compresses a text of a family, for a row that is written in this transaction.
    pub(crate) fn pack(&self, family: &str, text: &[u8]) -> rusqlite::Result<Packed> {
        self.compression.borrow_mut().pack(self, family, text)
    }

    pub(crate) fn unpack(&self, packed: Packed) -> rusqlite::Result<Vec<u8>> {
        self.compression.borrow_mut().unpack(self, packed)
    }

    pub(crate) fn claims(&self) -> RefMut<'a, Claims> {
        self.claims.borrow_mut()
    }

    /// Has the next text packed with a dictionary that is read anew: those in memory may not be stored.
    pub(crate) fn forget_dictionaries(&self) {
        self.compression.borrow_mut().clear();
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
