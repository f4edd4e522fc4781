-- Of the newest event of the conversation's own stream, and when a group was closed. New columns of a new version's empty
-- table: nothing live is rewritten.
ALTER TABLE conversations ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN closed_at TEXT;

-- What a group was called from when on: who left is not told what it is called since.
CREATE TABLE names (
    conversation BLOB    NOT NULL,
    position     INTEGER NOT NULL,
    words        BLOB    NOT NULL,
    PRIMARY KEY (conversation, position)
) WITHOUT ROWID;

-- How members keep a conversation, where they have set anything. muted_until is null for a mute without an end.
CREATE TABLE settings (
    account      BLOB    NOT NULL,
    conversation BLOB    NOT NULL,
    muted        INTEGER NOT NULL,
    muted_until  TEXT,
    pinned       INTEGER NOT NULL,
    archived     INTEGER NOT NULL,
    notify       TEXT    NOT NULL,
    PRIMARY KEY (account, conversation)
) WITHOUT ROWID;

CREATE TABLE pins (
    conversation BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    pinned_by    BLOB    NOT NULL,
    pinned_at    TEXT    NOT NULL,
    position     INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
