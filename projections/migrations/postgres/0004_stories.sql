-- The shelf. Who may see a row, and until when, is judged when it is read.
CREATE TABLE stories (
    story      uuid        NOT NULL PRIMARY KEY,
    author     uuid        NOT NULL,
    privacy    text        NOT NULL,
    words      bytea       NOT NULL,
    posted_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    position   bigint      NOT NULL
);
CREATE INDEX stories_of_author ON stories (author, position);
