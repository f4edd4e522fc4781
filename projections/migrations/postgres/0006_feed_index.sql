-- Which events a feed of a topic consists of. kind: 1 conversation, 2 account, 3 author.
CREATE TABLE entries (
    kind     smallint NOT NULL,
    topic    uuid     NOT NULL,
    position bigint   NOT NULL,
    PRIMARY KEY (kind, topic, position)
);

-- From where to where an account sees a topic, both inclusive; to_position is null while it still does.
CREATE TABLE intervals (
    account       uuid     NOT NULL,
    kind          smallint NOT NULL,
    topic         uuid     NOT NULL,
    from_position bigint   NOT NULL,
    to_position   bigint,
    PRIMARY KEY (account, kind, topic, from_position)
);

-- An expired story's event does not name its author.
CREATE TABLE story_authors (
    story  uuid NOT NULL PRIMARY KEY,
    author uuid NOT NULL
);

-- The creation whose first members may still follow, when a batch ended amid them. Counts only while the checkpoint
-- stands at last_position.
CREATE TABLE open_creation (
    slot          smallint NOT NULL PRIMARY KEY,
    conversation  uuid     NOT NULL,
    from_position bigint   NOT NULL,
    correlation   uuid     NOT NULL,
    last_position bigint   NOT NULL
);
