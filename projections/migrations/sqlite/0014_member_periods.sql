-- Since when somebody has the role that they have, and what they were before: who left is told the members and roles of
-- then, whoever comes back or rises later. New tables of a new version: nothing live is rewritten.
ALTER TABLE memberships ADD COLUMN since_position INTEGER NOT NULL DEFAULT 0;

-- A time in which somebody was in with one role, and which is over because the role changed or they came back after.
CREATE TABLE member_periods (
    conversation    BLOB    NOT NULL,
    account         BLOB    NOT NULL,
    since_position  INTEGER NOT NULL,
    until_position  INTEGER NOT NULL,
    role            TEXT    NOT NULL,
    joined_at       TEXT    NOT NULL,
    joined_position INTEGER NOT NULL,
    PRIMARY KEY (conversation, account, since_position)
) WITHOUT ROWID;
