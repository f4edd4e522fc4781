-- Whose story was seen: the rows go with an erased author. The new version is built from the log, so no row is there yet.
ALTER TABLE views ADD COLUMN author BLOB NOT NULL DEFAULT x'';
CREATE INDEX views_of_author ON views (author);
