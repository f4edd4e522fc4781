-- For how long messages are kept (null for as long as their conversation) and up to which they are gone, where either was
-- ever so. New tables and a column of a new version: nothing live is rewritten.
CREATE TABLE retentions (
    conversation BLOB    NOT NULL PRIMARY KEY,
    days         INTEGER,
    purged_seq   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX retentions_by_days ON retentions (days) WHERE days IS NOT NULL;

-- Which key seals the words: what goes with the message. Null for those of before there were periods.
ALTER TABLE timeline ADD COLUMN period INTEGER;
