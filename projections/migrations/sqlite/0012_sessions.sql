-- What people changed of their profile, sealed; null until then, so no row that is there changes.
ALTER TABLE accounts ADD COLUMN profile BLOB;
-- Open sessions. Those that have ended by time are left out by readers and removed when their account signs in again.
CREATE TABLE sessions (
    session      BLOB NOT NULL PRIMARY KEY,
    account      BLOB NOT NULL,
    device       BLOB,
    opened_at    TEXT NOT NULL,
    refreshed_at TEXT,
    expires_at   TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_of_account ON sessions (account, opened_at, session);
