-- Tables that are read by their keys alone are one tree each, where each was three: rows in no order, their keys beside
-- them, and their times. What has expired is found by key too: see expiry.rs.
CREATE TABLE keyed_certificates (
    certificate TEXT    PRIMARY KEY,
    place       INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    time        INTEGER NOT NULL,
    keep_until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO keyed_certificates SELECT * FROM certificates;
DROP TABLE certificates;
ALTER TABLE keyed_certificates RENAME TO certificates;

CREATE TABLE keyed_aliases (
    alias       TEXT    NOT NULL,
    certificate TEXT    NOT NULL,
    keep_until  INTEGER NOT NULL,
    PRIMARY KEY (alias, certificate)
) STRICT, WITHOUT ROWID;
INSERT INTO keyed_aliases SELECT * FROM aliases;
DROP TABLE aliases;
ALTER TABLE keyed_aliases RENAME TO aliases;

CREATE TABLE keyed_items (
    partition  TEXT    NOT NULL,
    sort       TEXT    NOT NULL,
    value      TEXT    NOT NULL,                   -- JSON
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (partition, sort)
) STRICT, WITHOUT ROWID;
INSERT INTO keyed_items SELECT * FROM items;
DROP TABLE items;
ALTER TABLE keyed_items RENAME TO items;

DROP INDEX ledger_by_age;

-- How far the search for what has expired has come in each of these tables.
CREATE TABLE expiry_places (
    name   TEXT PRIMARY KEY,
    first  TEXT NOT NULL,                          -- of the key of the last row
    second TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A compressed entry; `entry` is empty then.
ALTER TABLE history ADD COLUMN dictionary INTEGER REFERENCES dictionaries (id);
ALTER TABLE history ADD COLUMN packed     BLOB;
CREATE INDEX history_by_dictionary ON history (dictionary) WHERE dictionary IS NOT NULL;
