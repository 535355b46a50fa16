-- A compressed value; `value` is empty then: see items.rs.
ALTER TABLE items ADD COLUMN packed BLOB;
