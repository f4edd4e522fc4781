-- How many have seen a story, who, and who may. The new version is built from the log, so no row is there yet.
ALTER TABLE stories ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE stories ADD COLUMN view_count bigint NOT NULL DEFAULT 0;

-- The first view of each viewer. Stays after the story's end until its purge: it names the streams to truncate then.
CREATE TABLE views (
    story       uuid    NOT NULL,
    viewer      uuid    NOT NULL,
    viewed_at   timestamptz    NOT NULL,
    duration_ms bigint,
    position    bigint NOT NULL,
    PRIMARY KEY (story, viewer)
);
CREATE INDEX views_by_position ON views (story, position);

CREATE TABLE follows (
    follower uuid    NOT NULL,
    author   uuid    NOT NULL,
    since    timestamptz    NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (follower, author)
);
CREATE INDEX follows_by_position ON follows (follower, position);
CREATE INDEX followers_by_position ON follows (author, position);

-- Counted along, because some are followed by very many.
CREATE TABLE circles (
    account   uuid    NOT NULL PRIMARY KEY,
    followers bigint NOT NULL,
    following bigint NOT NULL
);

CREATE TABLE close_friends (
    owner    uuid    NOT NULL,
    friend   uuid    NOT NULL,
    since    timestamptz    NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (owner, friend)
);
CREATE INDEX close_friends_of ON close_friends (friend, owner);
