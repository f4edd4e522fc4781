-- Since when somebody has the role that they have, and what they were before: who left is told the members and roles of
-- then, whoever comes back or rises later. New tables of a new version: nothing live is rewritten.
ALTER TABLE memberships ADD COLUMN since_position bigint NOT NULL DEFAULT 0;

-- A time in which somebody was in with one role, and which is over because the role changed or they came back after.
CREATE TABLE member_periods (
    conversation    uuid        NOT NULL,
    account         uuid        NOT NULL,
    since_position  bigint      NOT NULL,
    until_position  bigint      NOT NULL,
    role            text        NOT NULL,
    joined_at       timestamptz NOT NULL,
    joined_position bigint      NOT NULL,
    PRIMARY KEY (conversation, account, since_position)
);
