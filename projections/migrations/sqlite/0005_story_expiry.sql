-- Stories whose end is not recorded yet.
CREATE TABLE due (
    story      BLOB NOT NULL PRIMARY KEY,
    expires_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX due_by_time ON due (expires_at, story);
