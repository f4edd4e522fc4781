-- What people chose for themselves; the time zone is sealed. Every row of a fresh account has the defaults, so adding the
-- columns with them changes no row that is there. The revision is that of the account's stream: its entity tag.
ALTER TABLE accounts ADD COLUMN read_receipts boolean NOT NULL DEFAULT TRUE;
ALTER TABLE accounts ADD COLUMN presence      boolean NOT NULL DEFAULT TRUE;
ALTER TABLE accounts ADD COLUMN time_zone     bytea;
ALTER TABLE accounts ADD COLUMN revision      bigint  NOT NULL DEFAULT 0;
