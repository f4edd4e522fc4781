-- Counts for analysts, by the hour (UTC), and views over them: docs/analytics.md. A table of a new version in the place of
-- the one by the day: nothing live is rewritten.
DROP TABLE message_counts;

-- Messages sent; what was deleted later was sent nevertheless.
CREATE TABLE message_counts (
    conversation BLOB    NOT NULL,
    day          TEXT    NOT NULL,
    hour         INTEGER NOT NULL,
    sender       BLOB    NOT NULL,
    messages     INTEGER NOT NULL,
    last_at      TEXT    NOT NULL,
    PRIMARY KEY (conversation, day, hour, sender)
) WITHOUT ROWID;

-- Reactions to messages: how often each emoji was ever given, and how many of these stand.
CREATE TABLE reaction_counts (
    conversation BLOB    NOT NULL,
    emoji        TEXT    NOT NULL,
    given        INTEGER NOT NULL,
    standing     INTEGER NOT NULL,
    PRIMARY KEY (conversation, emoji)
) WITHOUT ROWID;

-- Events by type, of streams that are kept whole.
CREATE TABLE event_counts (
    day    TEXT    NOT NULL,
    hour   INTEGER NOT NULL,
    type   TEXT    NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (day, hour, type)
) WITHOUT ROWID;

-- Ids as the interface writes them.
CREATE VIEW messages_per_day AS
    SELECT lower(substr(hex(conversation), 1, 8) || '-' || substr(hex(conversation), 9, 4) || '-' || substr(hex(conversation), 13, 4) || '-'
           || substr(hex(conversation), 17, 4) || '-' || substr(hex(conversation), 21)) AS conversation,
           day, SUM(messages) AS messages, COUNT(DISTINCT sender) AS active_members
    FROM message_counts GROUP BY message_counts.conversation, day;

CREATE VIEW messages_per_hour AS
    SELECT lower(substr(hex(conversation), 1, 8) || '-' || substr(hex(conversation), 9, 4) || '-' || substr(hex(conversation), 13, 4) || '-'
           || substr(hex(conversation), 17, 4) || '-' || substr(hex(conversation), 21)) AS conversation,
           printf('%sT%02d:00:00Z', day, hour) AS hour, SUM(messages) AS messages, COUNT(*) AS active_members
    FROM message_counts GROUP BY message_counts.conversation, day, message_counts.hour;

CREATE VIEW members_per_day AS
    SELECT lower(substr(hex(conversation), 1, 8) || '-' || substr(hex(conversation), 9, 4) || '-' || substr(hex(conversation), 13, 4) || '-'
           || substr(hex(conversation), 17, 4) || '-' || substr(hex(conversation), 21)) AS conversation, day,
           lower(substr(hex(sender), 1, 8) || '-' || substr(hex(sender), 9, 4) || '-' || substr(hex(sender), 13, 4) || '-'
           || substr(hex(sender), 17, 4) || '-' || substr(hex(sender), 21)) AS account,
           SUM(messages) AS messages, MAX(last_at) AS last_message_at
    FROM message_counts GROUP BY message_counts.conversation, day, sender;

CREATE VIEW members AS
    SELECT lower(substr(hex(conversation), 1, 8) || '-' || substr(hex(conversation), 9, 4) || '-' || substr(hex(conversation), 13, 4) || '-'
           || substr(hex(conversation), 17, 4) || '-' || substr(hex(conversation), 21)) AS conversation,
           lower(substr(hex(sender), 1, 8) || '-' || substr(hex(sender), 9, 4) || '-' || substr(hex(sender), 13, 4) || '-'
           || substr(hex(sender), 17, 4) || '-' || substr(hex(sender), 21)) AS account,
           SUM(messages) AS messages, MAX(last_at) AS last_message_at
    FROM message_counts GROUP BY message_counts.conversation, sender;

CREATE VIEW reactions_per_emoji AS
    SELECT lower(substr(hex(conversation), 1, 8) || '-' || substr(hex(conversation), 9, 4) || '-' || substr(hex(conversation), 13, 4) || '-'
           || substr(hex(conversation), 17, 4) || '-' || substr(hex(conversation), 21)) AS conversation,
           emoji, given, standing
    FROM reaction_counts;

CREATE VIEW events_per_hour AS
    SELECT printf('%sT%02d:00:00Z', day, hour) AS hour, type, events FROM event_counts;
