-- Moments are microseconds since 1970.

-- The events queue. Bodies stand apart, so that taking a message rewrites a few bytes only.
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: receipts name it
    provider   TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    grp        TEXT    NOT NULL,
    state      INTEGER NOT NULL,                   -- 0 ready, 1 delayed, 2 in flight
    rank       INTEGER NOT NULL,                   -- place among the ready ones, see queue.rs
    visible_at INTEGER NOT NULL,
    sent_at    INTEGER NOT NULL,
    expires    INTEGER,
    receives   INTEGER NOT NULL DEFAULT 0,
    recoveries INTEGER NOT NULL DEFAULT 0,         -- receives that ended with the process
    generation INTEGER NOT NULL DEFAULT 0          -- receives ever: what makes a receipt stale
) STRICT;
CREATE INDEX messages_by_turn       ON messages (provider, rank) WHERE state = 0;
CREATE INDEX messages_by_group      ON messages (grp, rank) WHERE state = 0;
CREATE INDEX messages_by_visibility ON messages (state, visible_at);
CREATE INDEX messages_by_expiry     ON messages (expires) WHERE expires IS NOT NULL;

CREATE TABLE bodies (
    id   INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) STRICT;

-- The bodies of messages that expire. No foreign key: see scrub.rs.
CREATE TABLE confidential (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE dead_letters (
    id       INTEGER PRIMARY KEY,
    provider TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    receives INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    sent_at  INTEGER NOT NULL,
    died_at  INTEGER NOT NULL
) STRICT;

-- The deliveries queue: append-only, read by sequence.
CREATE TABLE deliveries (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    published_at INTEGER NOT NULL,
    body         TEXT    NOT NULL
) STRICT;

CREATE TABLE ledger (
    id         TEXT    PRIMARY KEY,
    recorded   INTEGER NOT NULL,                   -- 0 claimed, 1 delivered
    owner      TEXT,
    until      INTEGER,                            -- end of the lease
    keep_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_by_age ON ledger (recorded, keep_until);

CREATE TABLE challenges (
    webhook_id TEXT    PRIMARY KEY,
    token      TEXT    NOT NULL,
    expires    INTEGER NOT NULL
) STRICT;
