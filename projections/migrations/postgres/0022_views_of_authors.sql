-- Whose story was seen: the rows go with an erased author. The new version is built from the log, so no row is there yet.
ALTER TABLE views ADD COLUMN author uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
CREATE INDEX views_of_author ON views (author);
