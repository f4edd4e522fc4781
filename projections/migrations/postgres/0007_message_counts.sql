-- Messages by conversation, day (UTC) and sender: how many, and by how many people.
CREATE TABLE message_counts (
    conversation uuid   NOT NULL,
    day          date   NOT NULL,
    sender       uuid   NOT NULL,
    messages     bigint NOT NULL,
    PRIMARY KEY (conversation, day, sender)
) WITH (fillfactor = 60);
