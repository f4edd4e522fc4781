-- Who keeps whom away, and how: a thousand an owner and a table at most. The new version is built from the log, so no row
-- is there yet.
CREATE TABLE blocks (
    owner    BLOB NOT NULL,
    account  BLOB NOT NULL,
    since    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (owner, account)
) WITHOUT ROWID;
CREATE TABLE story_mutes (
    owner    BLOB NOT NULL,
    account  BLOB NOT NULL,
    since    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (owner, account)
) WITHOUT ROWID;
CREATE TABLE story_hides (
    owner    BLOB NOT NULL,
    account  BLOB NOT NULL,
    since    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (owner, account)
) WITHOUT ROWID;
