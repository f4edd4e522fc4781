-- The shelf. Who may see a row, and until when, is judged when it is read.
CREATE TABLE stories (
    story      BLOB    NOT NULL PRIMARY KEY,
    author     BLOB    NOT NULL,
    privacy    TEXT    NOT NULL,
    words      BLOB    NOT NULL,
    posted_at  TEXT    NOT NULL,
    expires_at TEXT    NOT NULL,
    position   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stories_of_author ON stories (author, position);
