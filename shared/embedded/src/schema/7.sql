-- What is known of certificates until it can be compared: see ports/src/items.rs.
CREATE TABLE items (
    partition  TEXT    NOT NULL,
    sort       TEXT    NOT NULL,
    value      TEXT    NOT NULL,                   -- JSON
    keep_until INTEGER NOT NULL,
    UNIQUE (partition, sort)
) STRICT;
CREATE INDEX items_by_age ON items (keep_until);
