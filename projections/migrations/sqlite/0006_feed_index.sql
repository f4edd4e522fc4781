-- Which events a feed of a topic consists of. kind: 1 conversation, 2 account, 3 author.
CREATE TABLE entries (
    kind     INTEGER NOT NULL,
    topic    BLOB    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (kind, topic, position)
) WITHOUT ROWID;

-- From where to where an account sees a topic, both inclusive; to_position is null while it still does.
CREATE TABLE intervals (
    account       BLOB    NOT NULL,
    kind          INTEGER NOT NULL,
    topic         BLOB    NOT NULL,
    from_position INTEGER NOT NULL,
    to_position   INTEGER,
    PRIMARY KEY (account, kind, topic, from_position)
) WITHOUT ROWID;

-- An expired story's event does not name its author.
CREATE TABLE story_authors (
    story  BLOB NOT NULL PRIMARY KEY,
    author BLOB NOT NULL
) WITHOUT ROWID;

-- The creation whose first members may still follow, when a batch ended amid them. Counts only while the checkpoint
-- stands at last_position.
CREATE TABLE open_creation (
    slot          INTEGER NOT NULL PRIMARY KEY,
    conversation  BLOB    NOT NULL,
    from_position INTEGER NOT NULL,
    correlation   BLOB    NOT NULL,
    last_position INTEGER NOT NULL
);
