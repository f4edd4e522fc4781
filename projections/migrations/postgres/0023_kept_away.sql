-- Who keeps whom away, and how: a thousand an owner and a table at most. The new version is built from the log, so no row
-- is there yet.
CREATE TABLE blocks (
    owner    uuid NOT NULL,
    account  uuid NOT NULL,
    since    timestamptz NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (owner, account)
);
CREATE TABLE story_mutes (
    owner    uuid NOT NULL,
    account  uuid NOT NULL,
    since    timestamptz NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (owner, account)
);
CREATE TABLE story_hides (
    owner    uuid NOT NULL,
    account  uuid NOT NULL,
    since    timestamptz NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (owner, account)
);
