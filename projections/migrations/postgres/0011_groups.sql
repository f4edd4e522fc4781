-- Of the newest event of the conversation's own stream, and when a group was closed. New columns of a new version's empty
-- table: nothing live is rewritten.
ALTER TABLE conversations ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN closed_at timestamptz;

-- What a group was called from when on: who left is not told what it is called since.
CREATE TABLE names (
    conversation uuid   NOT NULL,
    position     bigint NOT NULL,
    words        bytea  NOT NULL,
    PRIMARY KEY (conversation, position)
);

-- How members keep a conversation, where they have set anything. muted_until is null for a mute without an end.
CREATE TABLE settings (
    account      uuid        NOT NULL,
    conversation uuid        NOT NULL,
    muted        boolean     NOT NULL,
    muted_until  timestamptz,
    pinned       boolean     NOT NULL,
    archived     boolean     NOT NULL,
    notify       text        NOT NULL,
    PRIMARY KEY (account, conversation)
);

CREATE TABLE pins (
    conversation uuid        NOT NULL,
    seq          bigint      NOT NULL,
    pinned_by    uuid        NOT NULL,
    pinned_at    timestamptz NOT NULL,
    position     bigint      NOT NULL,
    PRIMARY KEY (conversation, seq)
);
