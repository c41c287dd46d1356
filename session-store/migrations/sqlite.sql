-- The table of SqliteStore, for whoever makes it by hand. "session" stands for the table's name.
--
-- Keys are SHA-256 digests of session ids. Moments are microseconds since 1970, UTC. The comment
-- in the definition is the schema's version: it goes with the table and leaves user_version to
-- whoever owns the rest of the database.
CREATE TABLE "session" (/* session-store schema 2 */
    key BLOB NOT NULL,
    revision INTEGER NOT NULL,
    public_id BLOB NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    authenticated INTEGER,
    owner TEXT,
    expiry TEXT NOT NULL,
    data TEXT NOT NULL,
    previous BLOB,
    remembered INTEGER,
    PRIMARY KEY (key)
) STRICT;
CREATE INDEX "session_expires" ON "session" (expires);
CREATE INDEX "session_owner" ON "session" (owner, expires) WHERE owner IS NOT NULL;
CREATE INDEX "session_previous" ON "session" (previous) WHERE previous IS NOT NULL;
