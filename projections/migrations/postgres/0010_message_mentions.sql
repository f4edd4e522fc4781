-- Whom a message mentions: ids of 16 bytes, one after the other; null for nobody. A column that may be null is added
-- without touching a row.
ALTER TABLE timeline ADD COLUMN mentions bytea;
