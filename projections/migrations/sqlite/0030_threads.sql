-- When a message was edited or deleted, one row each; what it said then stands sealed in the log alone. And replies by what
-- they answer. A new table and a partial index of a new version: nothing live is rewritten.
CREATE TABLE versions (
    conversation BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    happened_at  TEXT    NOT NULL,
    is_deletion  INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq, revision)
) WITHOUT ROWID;

CREATE INDEX timeline_replies ON timeline (conversation, reply_to, seq) WHERE reply_to IS NOT NULL;
