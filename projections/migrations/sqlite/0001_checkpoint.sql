-- How far this projection has come, and in which log. Moves in the transaction that writes the rows.
CREATE TABLE checkpoint (
    name     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    log_id   BLOB    NOT NULL
) WITHOUT ROWID;
