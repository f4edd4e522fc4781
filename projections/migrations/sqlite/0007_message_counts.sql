-- Messages by conversation and day (UTC).
CREATE TABLE message_counts (
    conversation BLOB    NOT NULL,
    day          TEXT    NOT NULL,
    messages     INTEGER NOT NULL,
    PRIMARY KEY (conversation, day)
) WITHOUT ROWID;
