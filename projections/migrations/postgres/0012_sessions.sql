-- What people changed of their profile, sealed; null until then, so no row that is there changes.
ALTER TABLE accounts ADD COLUMN profile bytea;
-- Open sessions. Those that have ended by time are left out by readers and removed when their account signs in again.
CREATE TABLE sessions (
    session      uuid NOT NULL PRIMARY KEY,
    account      uuid NOT NULL,
    device       bytea,
    opened_at    timestamptz NOT NULL,
    refreshed_at timestamptz,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_of_account ON sessions (account, opened_at, session);
