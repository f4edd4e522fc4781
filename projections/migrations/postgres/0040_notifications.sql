-- What accounts are notified of: no words, only ids. New tables of a new version: nothing live is rewritten.
-- number counts an account's notifications from 1, also those that were withdrawn; only the newest are kept.
CREATE TABLE notifications (
    account      uuid        NOT NULL,
    number       bigint      NOT NULL,
    position     bigint      NOT NULL,
    kind         text        NOT NULL,
    conversation uuid        NOT NULL,
    seq          bigint,
    actor        uuid        NOT NULL,
    emoji        text        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (account, number)
);
CREATE INDEX notifications_of_message ON notifications (conversation, seq);
CREATE INDEX notifications_by_actor ON notifications (actor);

-- How many an account ever had, and how far it has read them.
CREATE TABLE notification_heads (
    account    uuid   NOT NULL PRIMARY KEY,
    created    bigint NOT NULL,
    read_up_to bigint NOT NULL
);
