-- The ledger holds what was delivered: who works on what is in memory only.
CREATE TABLE recorded (
    id         TEXT    PRIMARY KEY,
    keep_until INTEGER NOT NULL,
    received   INTEGER,                            -- this, outcome and leaf: null where nothing is known
    outcome    TEXT,
    leaf       TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO recorded SELECT id, keep_until, received, outcome, leaf FROM ledger WHERE recorded = 1;
DROP TABLE ledger;
ALTER TABLE recorded RENAME TO ledger;
CREATE INDEX ledger_by_age ON ledger (keep_until);
