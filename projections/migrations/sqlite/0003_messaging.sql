-- One row a conversation.
CREATE TABLE conversations (
    conversation      BLOB    NOT NULL PRIMARY KEY,
    kind              TEXT    NOT NULL,
    privacy_mode      TEXT    NOT NULL,
    words             BLOB,
    created_by        BLOB    NOT NULL,
    created_at        TEXT    NOT NULL,
    member_count      INTEGER NOT NULL
) WITHOUT ROWID;

-- What moves with every message, apart from the wide rows so that a page holds many: one row a conversation, and
-- nothing is written per member when a message is sent.
CREATE TABLE heads (
    conversation      BLOB    NOT NULL PRIMARY KEY,
    head_seq          INTEGER NOT NULL,
    activity_position INTEGER NOT NULL,
    activity_at       TEXT    NOT NULL
) WITHOUT ROWID;

-- How far somebody has read; transient, so outside the state that a replay is compared with.
CREATE TABLE watermarks (
    account       BLOB    NOT NULL,
    conversation  BLOB    NOT NULL,
    last_read_seq INTEGER NOT NULL,
    PRIMARY KEY (account, conversation)
) WITHOUT ROWID;

-- One row for everybody who is or was in a conversation. left_* are set together while somebody is out.
CREATE TABLE memberships (
    account         BLOB    NOT NULL,
    conversation    BLOB    NOT NULL,
    role            TEXT    NOT NULL,
    joined_at       TEXT    NOT NULL,
    joined_position INTEGER NOT NULL,
    left_at         TEXT,
    left_position   INTEGER,
    left_seq        INTEGER,
    PRIMARY KEY (account, conversation)
) WITHOUT ROWID;
CREATE INDEX memberships_of_conversation ON memberships (conversation, joined_position);

-- revision is that of the message's own stream: what happened to it after it was sent; null for nothing.
-- Rows lie in the order of the log, so that a batch fills pages one after the other; only the slim index is written all
-- over. (With the rows themselves clustered by conversation, applying cost twice as much.)
CREATE TABLE timeline (
    position     INTEGER NOT NULL PRIMARY KEY,
    conversation BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    sender       BLOB    NOT NULL,
    reply_to     INTEGER,
    reply_count  INTEGER NOT NULL,
    sent_at      TEXT    NOT NULL,
    edited_at    TEXT,
    deleted_at   TEXT,
    revision     INTEGER,
    words        BLOB,
    edited_words BLOB
);
CREATE UNIQUE INDEX timeline_of_conversation ON timeline (conversation, seq);

CREATE TABLE reactions (
    conversation BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    emoji        TEXT    NOT NULL,
    account      BLOB    NOT NULL,
    position     INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq, emoji, account)
) WITHOUT ROWID;
