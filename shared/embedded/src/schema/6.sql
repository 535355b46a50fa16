-- What texts that are kept long have in common, so that each is stored as what is its own: see compression.rs.
CREATE TABLE dictionaries (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    family  TEXT    NOT NULL,                      -- of the texts that it is for
    created INTEGER NOT NULL,
    content BLOB    NOT NULL
) STRICT;
CREATE INDEX dictionaries_by_family ON dictionaries (family, id);

-- The envelopes as they came. Before, each was a file: see archive_files.rs.
CREATE TABLE archive (
    number      INTEGER PRIMARY KEY,
    key         TEXT    NOT NULL UNIQUE,
    archived_at INTEGER NOT NULL,
    dictionary  INTEGER NOT NULL REFERENCES dictionaries (id),
    packed      BLOB    NOT NULL
) STRICT;
CREATE INDEX archive_by_dictionary ON archive (dictionary);

-- A compressed body; `body` is empty then.
ALTER TABLE deliveries ADD COLUMN dictionary INTEGER REFERENCES dictionaries (id);
ALTER TABLE deliveries ADD COLUMN packed     BLOB;
CREATE INDEX deliveries_by_dictionary ON deliveries (dictionary) WHERE dictionary IS NOT NULL;
