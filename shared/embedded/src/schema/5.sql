-- The consumers of `certhooks forward`, and how far each has come in the deliveries.
CREATE TABLE consumers (
    name     TEXT    PRIMARY KEY,
    position INTEGER NOT NULL,                     -- the last delivery that was handed over, or not selected
    created  INTEGER NOT NULL,
    expired  INTEGER NOT NULL DEFAULT 0            -- deliveries that were deleted before it took them
) STRICT, WITHOUT ROWID;

-- Deliveries up to a consumer's position that it did not take.
CREATE TABLE untaken (
    consumer TEXT    NOT NULL REFERENCES consumers (name) ON DELETE CASCADE,
    sequence INTEGER NOT NULL REFERENCES deliveries (sequence) ON DELETE CASCADE,
    attempts INTEGER NOT NULL,
    since    INTEGER NOT NULL,                     -- first attempt
    due      INTEGER,                              -- next attempt; null where it was set aside
    reason   TEXT    NOT NULL,                     -- of the last attempt
    PRIMARY KEY (consumer, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX untaken_by_sequence ON untaken (sequence);
CREATE INDEX untaken_by_due      ON untaken (consumer, due) WHERE due IS NOT NULL;
