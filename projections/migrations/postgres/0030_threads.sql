-- When a message was edited or deleted, one row each; what it said then stands sealed in the log alone. And replies by what
-- they answer. A new table and a partial index of a new version: nothing live is rewritten.
CREATE TABLE versions (
    conversation uuid        NOT NULL,
    seq          bigint      NOT NULL,
    revision     bigint      NOT NULL,
    position     bigint      NOT NULL,
    happened_at  timestamptz NOT NULL,
    is_deletion  boolean     NOT NULL,
    PRIMARY KEY (conversation, seq, revision)
);

CREATE INDEX timeline_replies ON timeline (conversation, reply_to, seq) WHERE reply_to IS NOT NULL;
