-- One row for each device with a key. Two tables more beside what is there, so safe on a live database.
CREATE TABLE device_keys (
    account      BLOB    NOT NULL,
    device       BLOB    NOT NULL,
    key_id       BLOB    NOT NULL,
    words        BLOB    NOT NULL,
    published_at TEXT    NOT NULL,
    PRIMARY KEY (account, device)
) WITHOUT ROWID;

-- The newest change of an account's keys, a removal too: their entity tag.
CREATE TABLE device_key_revisions (
    account  BLOB    NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
) WITHOUT ROWID;
