-- Names are sealed; looked up by the keyed hash of the lower-cased user name.
CREATE TABLE accounts (
    account       BLOB    NOT NULL PRIMARY KEY,
    username_hash BLOB    NOT NULL UNIQUE,
    words         BLOB    NOT NULL,
    role          TEXT    NOT NULL,
    has_password  INTEGER NOT NULL,
    created_at    TEXT    NOT NULL
) WITHOUT ROWID;
