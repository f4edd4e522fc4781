-- Messages by conversation and day (UTC).
CREATE TABLE message_counts (
    conversation uuid   NOT NULL,
    day          date   NOT NULL,
    messages     bigint NOT NULL,
    PRIMARY KEY (conversation, day)
) WITH (fillfactor = 60);
