-- Messages by conversation, day (UTC) and sender: how many, and by how many people.
CREATE TABLE message_counts (
    conversation BLOB    NOT NULL,
    day          TEXT    NOT NULL,
    sender       BLOB    NOT NULL,
    messages     INTEGER NOT NULL,
    PRIMARY KEY (conversation, day, sender)
) WITHOUT ROWID;
