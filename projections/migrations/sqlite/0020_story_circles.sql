-- How many have seen a story, who, and who may. The new version is built from the log, so no row is there yet.
ALTER TABLE stories ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stories ADD COLUMN view_count INTEGER NOT NULL DEFAULT 0;

-- The first view of each viewer. Stays after the story's end until its purge: it names the streams to truncate then.
CREATE TABLE views (
    story       BLOB    NOT NULL,
    viewer      BLOB    NOT NULL,
    viewed_at   TEXT    NOT NULL,
    duration_ms INTEGER,
    position    INTEGER NOT NULL,
    PRIMARY KEY (story, viewer)
) WITHOUT ROWID;
CREATE INDEX views_by_position ON views (story, position);

CREATE TABLE follows (
    follower BLOB    NOT NULL,
    author   BLOB    NOT NULL,
    since    TEXT    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (follower, author)
) WITHOUT ROWID;
CREATE INDEX follows_by_position ON follows (follower, position);
CREATE INDEX followers_by_position ON follows (author, position);

-- Counted along, because some are followed by very many.
CREATE TABLE circles (
    account   BLOB    NOT NULL PRIMARY KEY,
    followers INTEGER NOT NULL,
    following INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE close_friends (
    owner    BLOB    NOT NULL,
    friend   BLOB    NOT NULL,
    since    TEXT    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (owner, friend)
) WITHOUT ROWID;
CREATE INDEX close_friends_of ON close_friends (friend, owner);
