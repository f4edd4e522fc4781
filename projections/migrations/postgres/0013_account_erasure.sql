-- When an account is to be erased, and when it was. Columns that may be null are added without touching a row; the
-- index holds the few accounts that wait.
ALTER TABLE accounts ADD COLUMN erases_at timestamptz;
ALTER TABLE accounts ADD COLUMN erased_at timestamptz;
CREATE INDEX accounts_to_erase ON accounts (erases_at) WHERE erases_at IS NOT NULL AND erased_at IS NULL;
