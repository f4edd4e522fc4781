-- Whose feeds an event of a story comes to follows from who may see it at that moment. kind: 1 conversation, 2 account,
-- 3 author, 4 followers of an author, 5 close friends of an author. The new version is built from the log, so no row is
-- there yet.
ALTER TABLE story_authors ADD COLUMN privacy text NOT NULL DEFAULT 'public';
