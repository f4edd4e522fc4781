-- Which copies of which projections there are. A copy is announced here before its file is made and forgotten after its
-- file is gone, so that no crash leaves a file that nobody knows of. state: live, building or retired.
CREATE TABLE copies (
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    state   TEXT    NOT NULL,
    PRIMARY KEY (name, version, number)
) WITHOUT ROWID;

-- The one fact that queries and projectors follow: there is one live copy of each version.
CREATE UNIQUE INDEX one_live_copy ON copies (name, version) WHERE state = 'live';
