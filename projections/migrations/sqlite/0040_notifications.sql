-- What accounts are notified of: no words, only ids. New tables of a new version: nothing live is rewritten.
-- number counts an account's notifications from 1, also those that were withdrawn; only the newest are kept.
CREATE TABLE notifications (
    account      BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    conversation BLOB    NOT NULL,
    seq          INTEGER,
    actor        BLOB    NOT NULL,
    emoji        TEXT    NOT NULL,
    created_at   TEXT    NOT NULL,
    PRIMARY KEY (account, number)
) WITHOUT ROWID;
CREATE INDEX notifications_of_message ON notifications (conversation, seq);
CREATE INDEX notifications_by_actor ON notifications (actor);

-- How many an account ever had, and how far it has read them.
CREATE TABLE notification_heads (
    account    BLOB    NOT NULL PRIMARY KEY,
    created    INTEGER NOT NULL,
    read_up_to INTEGER NOT NULL
) WITHOUT ROWID;
