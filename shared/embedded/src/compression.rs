//! Texts of one family differ in little: their members, and the certificates of the issuers, are the same.
//! So each is compressed with a dictionary, which is a few texts that came before it. A dictionary is stored
//! with the first text that needs it, and deleted after the last one ([`crate::expiry`]).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use lz4_flex::block::{
    DecompressError, compress_prepend_size_with_dict, decompress_with_dict, uncompressed_size,
};
use ports::LARGEST_OBJECT;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row};

use crate::clock::{DAY, duration_micros};
use crate::transaction::Transaction;

/// The most texts that become a dictionary, and their size together in bytes: those of several issuers.
const TEXTS: usize = 4;
const SIZE: usize = 32 << 10;
/// After so many texts the next dictionary follows, since issuers change; the first one, which is made of one
/// text, has a few.
const USES: usize = 4096;
const FIRST_USES: usize = 8;
/// A dictionary holds texts that may be deleted before it, so it is not used for long.
pub(crate) const LIFETIME: Duration = DAY.saturating_mul(7);
/// The most dictionaries in memory for reading.
const FOR_READING: usize = 8;

/// Deletes the dictionaries that are used no more, of those made before a time.
pub(crate) const DELETE_UNUSED: &str = "
    DELETE FROM dictionaries WHERE created <= ?1
        AND NOT EXISTS (SELECT 1 FROM archive WHERE dictionary = dictionaries.id)
        AND NOT EXISTS (SELECT 1 FROM deliveries WHERE dictionary = dictionaries.id)
        AND NOT EXISTS (SELECT 1 FROM history WHERE dictionary = dictionaries.id)";

/// Removes the dictionaries that hold one of these words. What was compressed with them is compressed anew.
/// Every process makes new dictionaries then, since the words may be in the texts that it has in memory.
pub(crate) fn purge(transaction: &Transaction<'_>, words: &[String]) -> rusqlite::Result<()> {
    let connection = transaction.connection;
    connection.execute("UPDATE dictionaries SET created = 0", [])?;
    transaction.forget_dictionaries();
    let mut select = connection.prepare("SELECT id, family, content FROM dictionaries")?;
    let mut rows = select.query([])?;
    let mut found: Vec<(i64, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let content = row.get_ref(2)?.as_blob()?;
        let holds = |word: &String| {
            content.windows(word.len().max(1)).any(|window| window == word.as_bytes())
        };
        if words.iter().any(holds) {
            found.push((row.get(0)?, row.get(1)?));
        }
    }
    for (id, family) in found {
        for (table, key) in
            [("archive", "number"), ("deliveries", "sequence"), ("history", "rowid")]
        {
            repack(transaction, table, key, id, &family)?;
        }
        connection.execute("DELETE FROM dictionaries WHERE id = ?1", [id])?;
    }
    Ok(())
}

fn repack(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    dictionary: i64,
    family: &str,
) -> rusqlite::Result<()> {
    let connection = transaction.connection;
    let keys = format!("SELECT {key} FROM {table} WHERE dictionary = ?1");
    let keys: Vec<i64> = connection
        .prepare(&keys)?
        .query_map([dictionary], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut select =
        connection.prepare(&format!("SELECT dictionary, packed FROM {table} WHERE {key} = ?1"))?;
    let mut update = connection
        .prepare(&format!("UPDATE {table} SET dictionary = ?2, packed = ?3 WHERE {key} = ?1"))?;
    for key in keys {
        let text = transaction.unpack(select.query_row([key], |row| Packed::of(row, 0))?)?;
        let packed = transaction.pack(family, &text)?;
        update.execute((key, packed.dictionary, packed.bytes))?;
    }
    Ok(())
}

/// A compressed text.
pub(crate) struct Packed {
    /// `None` where it is not compressed, which is so in rows of an older version.
    pub(crate) dictionary: Option<i64>,
    pub(crate) bytes: Vec<u8>,
}

/// The dictionaries in use by one connection.
#[derive(Default)]
pub(crate) struct Compression {
    families: HashMap<String, Family>,
    for_reading: HashMap<i64, Vec<u8>>,
}

/// The dictionary for the next texts of a family.
struct Family {
    dictionary: i64,
    created: i64,
    content: Vec<u8>,
    /// Whether it was found in the database in this transaction, in which nobody else changes it.
    is_checked: bool,
    /// How many texts it is for, and how many there were.
    uses: usize,
    used: usize,
    /// The newest texts, for the next dictionary.
    recent: VecDeque<Vec<u8>>,
}

impl Packed {
    /// Reads a row whose columns from `column` on are the dictionary and the bytes.
    pub(crate) fn of(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Ok(Self { dictionary: row.get(column)?, bytes: row.get(column + 1)? })
    }
}

/// Compresses a text with a dictionary of the caller's.
pub(crate) fn pack_with(text: &[u8], dictionary: &[u8]) -> Vec<u8> {
    compress_prepend_size_with_dict(text, dictionary)
}

pub(crate) fn unpack_with(packed: &[u8], dictionary: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let unreadable = |error: DecompressError| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error.into())
    };
    let (size, bytes) = uncompressed_size(packed).map_err(unreadable)?;
    let size = size.min(LARGEST_OBJECT as usize);
    decompress_with_dict(bytes, size, dictionary).map_err(unreadable)
}

impl Compression {
    /// Forgets every dictionary: one of them may have been made in work that was rolled back.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Has each dictionary looked up again: another process may have changed it before this transaction.
    pub(crate) fn begin(&mut self) {
        self.families.values_mut().for_each(|family| family.is_checked = false);
    }

    pub(crate) fn pack(
        &mut self,
        transaction: &Transaction<'_>,
        family: &str,
        text: &[u8],
    ) -> rusqlite::Result<Packed> {
        if let Some(current) = self.families.get_mut(family) {
            current.is_checked = current.is_checked || current.is_stored(transaction);
        }
        let current = self.families.get(family).filter(|current| current.is_checked);
        if current.is_none_or(|current| current.is_worn(transaction.now)) {
            // Of texts that are as young as the dictionary was to be.
            let young = current.filter(|current| is_young(current.created, transaction.now));
            let next = match young {
                Some(current) => Family::create(transaction, family, &current.recent)?,
                None => match Family::newest(transaction, family)? {
                    Some(stored) => stored,
                    None => Family::create(transaction, family, &[text.to_vec()].into())?,
                },
            };
            self.families.insert(family.to_owned(), next);
        }
        let Some(current) = self.families.get_mut(family) else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        Ok(current.pack(text))
    }

    pub(crate) fn unpack(
        &mut self,
        transaction: &Transaction<'_>,
        packed: Packed,
    ) -> rusqlite::Result<Vec<u8>> {
        let Some(id) = packed.dictionary else { return Ok(packed.bytes) };
        if !self.for_reading.contains_key(&id) {
            let content: Vec<u8> = transaction
                .connection
                .prepare_cached("SELECT content FROM dictionaries WHERE id = ?1")?
                .query_row([id], |row| row.get(0))?;
            if self.for_reading.len() >= FOR_READING {
                self.for_reading.clear();
            }
            self.for_reading.insert(id, content);
        }
        unpack_with(&packed.bytes, self.for_reading.get(&id).map_or(&[][..], Vec::as_slice))
    }
}

impl Family {
    /// The dictionary that was made last.
    fn newest(transaction: &Transaction<'_>, family: &str) -> rusqlite::Result<Option<Self>> {
        const NEWEST: &str = "
            SELECT id, created, content FROM dictionaries WHERE family = ?1 ORDER BY id DESC LIMIT 1";
        let row = transaction
            .connection
            .prepare_cached(NEWEST)?
            .query_row([family], |row| <(i64, i64, Vec<u8>)>::try_from(row))
            .optional()?;
        let stored = row.filter(|(_, created, _)| is_young(*created, transaction.now));
        Ok(stored.map(|(id, created, content)| Self::of(id, created, USES, content)))
    }

    /// Makes a dictionary of these texts.
    fn create(
        transaction: &Transaction<'_>,
        family: &str,
        texts: &VecDeque<Vec<u8>>,
    ) -> rusqlite::Result<Self> {
        let mut content: Vec<u8> = texts.iter().flatten().copied().collect();
        content.truncate(SIZE);
        transaction
            .connection
            .prepare_cached(
                "INSERT INTO dictionaries (family, created, content) VALUES (?1, ?2, ?3)",
            )?
            .execute((family, transaction.now, &content))?;
        let uses = if texts.len() < TEXTS { FIRST_USES } else { USES };
        Ok(Self::of(transaction.connection.last_insert_rowid(), transaction.now, uses, content))
    }

    fn of(dictionary: i64, created: i64, uses: usize, content: Vec<u8>) -> Self {
        let (is_checked, recent) = (true, VecDeque::new());
        Self { dictionary, created, content, is_checked, uses, used: 0, recent }
    }

    /// Whether the dictionary is still what the database has under its number: what was erased is in no
    /// dictionary any more.
    fn is_stored(&self, transaction: &Transaction<'_>) -> bool {
        let created: rusqlite::Result<i64> = transaction
            .connection
            .prepare_cached("SELECT created FROM dictionaries WHERE id = ?1")
            .and_then(|mut select| select.query_row([self.dictionary], |row| row.get(0)));
        created.is_ok_and(|created| created == self.created)
    }

    fn is_worn(&self, now: i64) -> bool {
        self.used >= self.uses || !is_young(self.created, now)
    }

    fn pack(&mut self, text: &[u8]) -> Packed {
        let bytes = pack_with(text, &self.content);
        self.used += 1;
        let mut oldest = match self.recent.len() < TEXTS {
            true => Vec::new(),
            false => self.recent.pop_front().unwrap_or_default(),
        };
        oldest.clear();
        oldest.extend_from_slice(&text[..text.len().min(SIZE / TEXTS)]);
        self.recent.push_back(oldest);
        Packed { dictionary: Some(self.dictionary), bytes }
    }
}

fn is_young(created: i64, now: i64) -> bool {
    (0..duration_micros(LIFETIME)).contains(&(now - created))
}
