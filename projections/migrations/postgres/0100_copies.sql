-- Which copies of which projections there are. A copy is announced here before its schema is made and forgotten after
-- its schema is gone, so that no crash leaves a schema that nobody knows of. state: live, building or retired.
CREATE TABLE copies (
    name    text   NOT NULL,
    version bigint NOT NULL,
    number  bigint NOT NULL,
    state   text   NOT NULL,
    PRIMARY KEY (name, version, number)
);

-- The one fact that queries and projectors follow: there is one live copy of each version.
CREATE UNIQUE INDEX one_live_copy ON copies (name, version) WHERE state = 'live';
