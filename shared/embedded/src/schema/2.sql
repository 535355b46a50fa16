-- What is known of each certificate. Kept until keep_until, by which expired rows are found.

CREATE TABLE certificates (
    certificate TEXT    NOT NULL UNIQUE,
    place       INTEGER NOT NULL,                  -- rises along its life
    kind        TEXT    NOT NULL,                  -- of the event that led there, as id and time
    id          TEXT    NOT NULL,
    time        INTEGER NOT NULL,
    keep_until  INTEGER NOT NULL
) STRICT;
CREATE INDEX certificates_by_age ON certificates (keep_until);

CREATE TABLE history (
    certificate TEXT    NOT NULL,
    received    INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    replay      INTEGER NOT NULL,                  -- 0, or when the replay was delivered
    entry       TEXT    NOT NULL,                  -- JSON, see ports/src/history.rs
    keep_until  INTEGER NOT NULL,
    UNIQUE (certificate, received, id, replay)
) STRICT;
CREATE INDEX history_by_age ON history (keep_until);

CREATE TABLE aliases (
    alias       TEXT    NOT NULL,
    certificate TEXT    NOT NULL,
    keep_until  INTEGER NOT NULL,
    UNIQUE (alias, certificate)
) STRICT;
CREATE INDEX aliases_by_age ON aliases (keep_until);
