-- What people chose for themselves; the time zone is sealed. Every row of a fresh account has the defaults, so adding the
-- columns with them changes no row that is there. The revision is that of the account's stream: its entity tag.
ALTER TABLE accounts ADD COLUMN read_receipts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN presence      INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN time_zone     BLOB;
ALTER TABLE accounts ADD COLUMN revision      INTEGER NOT NULL DEFAULT 0;
