-- One row for each device with a key. Two tables more beside what is there, so safe on a live database.
CREATE TABLE device_keys (
    account      uuid        NOT NULL,
    device       uuid        NOT NULL,
    key_id       uuid        NOT NULL,
    words        bytea       NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (account, device)
);

-- The newest change of an account's keys, a removal too: their entity tag.
CREATE TABLE device_key_revisions (
    account  uuid        NOT NULL PRIMARY KEY,
    revision bigint NOT NULL
);
