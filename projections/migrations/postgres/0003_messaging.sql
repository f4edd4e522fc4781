-- One row a conversation.
CREATE TABLE conversations (
    conversation      uuid        NOT NULL PRIMARY KEY,
    kind              text        NOT NULL,
    privacy_mode      text        NOT NULL,
    words             bytea,
    created_by        uuid        NOT NULL,
    created_at        timestamptz NOT NULL,
    member_count      bigint      NOT NULL
);

-- What moves with every message, apart from the wide rows so that a page holds many: one row a conversation, and
-- nothing is written per member when a message is sent. No hot column is in an index, so that most updates stay on
-- their page; fillfactor leaves them room.
CREATE TABLE heads (
    conversation      uuid        NOT NULL PRIMARY KEY,
    head_seq          bigint      NOT NULL,
    activity_position bigint      NOT NULL,
    activity_at       timestamptz NOT NULL
) WITH (fillfactor = 50);

-- How far somebody has read; transient, so outside the state that a replay is compared with.
CREATE TABLE watermarks (
    account       uuid   NOT NULL,
    conversation  uuid   NOT NULL,
    last_read_seq bigint NOT NULL,
    PRIMARY KEY (account, conversation)
) WITH (fillfactor = 50);

-- One row for everybody who is or was in a conversation. left_* are set together while somebody is out.
CREATE TABLE memberships (
    account         uuid        NOT NULL,
    conversation    uuid        NOT NULL,
    role            text        NOT NULL,
    joined_at       timestamptz NOT NULL,
    joined_position bigint      NOT NULL,
    left_at         timestamptz,
    left_position   bigint,
    left_seq        bigint,
    PRIMARY KEY (account, conversation)
);
CREATE INDEX memberships_of_conversation ON memberships (conversation, joined_position);

-- revision is that of the message's own stream: what happened to it after it was sent; null for nothing.
CREATE TABLE timeline (
    conversation uuid        NOT NULL,
    seq          bigint      NOT NULL,
    position     bigint      NOT NULL,
    sender       uuid        NOT NULL,
    reply_to     bigint,
    reply_count  bigint      NOT NULL,
    sent_at      timestamptz NOT NULL,
    edited_at    timestamptz,
    deleted_at   timestamptz,
    revision     bigint,
    words        bytea,
    edited_words bytea,
    PRIMARY KEY (conversation, seq)
);

-- Emoji sort by their bytes, as SQLite sorts them.
CREATE TABLE reactions (
    conversation uuid   NOT NULL,
    seq          bigint NOT NULL,
    emoji        text   COLLATE "C" NOT NULL,
    account      uuid   NOT NULL,
    position     bigint NOT NULL,
    PRIMARY KEY (conversation, seq, emoji, account)
);
