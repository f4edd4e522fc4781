-- How far this projection has come, and in which log. Moves in the transaction that writes the rows. It is the row
-- that is updated most: room on its page keeps those updates off the indexes.
CREATE TABLE checkpoint (
    name     text   NOT NULL PRIMARY KEY,
    position bigint NOT NULL,
    log_id   uuid   NOT NULL
) WITH (fillfactor = 10);
