-- Who blocks whom, for whom an event notifies: a thousand an owner at most. The new version is built from the log, so no row
-- is there yet.
CREATE TABLE blocks (
    owner   uuid NOT NULL,
    account uuid NOT NULL,
    PRIMARY KEY (owner, account)
);
