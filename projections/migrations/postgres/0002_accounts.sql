-- Names are sealed; looked up by the keyed hash of the lower-cased user name.
CREATE TABLE accounts (
    account       uuid        NOT NULL PRIMARY KEY,
    username_hash bytea       NOT NULL UNIQUE,
    words         bytea       NOT NULL,
    role          text        NOT NULL,
    has_password  boolean     NOT NULL,
    created_at    timestamptz NOT NULL
);
