-- Stories whose end is not recorded yet.
CREATE TABLE due (
    story      uuid        NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX due_by_time ON due (expires_at, story);
