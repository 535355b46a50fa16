-- What was delivered under an id, by which a repeat is told from a copy. Null where nothing is known.
ALTER TABLE ledger ADD COLUMN received INTEGER;
ALTER TABLE ledger ADD COLUMN outcome  TEXT;
ALTER TABLE ledger ADD COLUMN leaf     TEXT;

-- A delivery whose id may be delivered again.
ALTER TABLE deliveries ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;

-- Several challenges of one webhook may wait. Those of the old table end within half an hour.
DROP TABLE challenges;
CREATE TABLE challenges (
    webhook_id TEXT    NOT NULL,
    expires    INTEGER NOT NULL,
    token      TEXT    NOT NULL,
    PRIMARY KEY (webhook_id, expires)
) STRICT;
