-- The table of SqliteStore. "session" stands for the table's name.
--
-- A key is the public half of a session's id; secrets are stored as digests. Moments are
-- microseconds since 1970, UTC. The comment in the definition is the schema's version: it belongs to
-- the table, and leaves user_version to the rest of the database.
--
-- Keys are random, so a table WITHOUT ROWID would be written all over: inserts took 40 % longer,
-- and twice as long with 2 kB of data. `data` is last because lists read the columns before it.
CREATE TABLE "session" (/* session-store schema 1 */
    key BLOB NOT NULL,
    revision INTEGER NOT NULL,
    present BLOB NOT NULL,
    issued INTEGER NOT NULL,
    remembered BLOB,
    earlier BLOB,
    remembered_until INTEGER,
    salt BLOB,
    closed INTEGER NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    authenticated INTEGER,
    owner TEXT,
    expiry TEXT NOT NULL,
    label TEXT,
    address TEXT,
    tag TEXT,
    credential BLOB,
    data TEXT NOT NULL,
    PRIMARY KEY (key)
) STRICT;
CREATE INDEX "session_expires" ON "session" (expires);
CREATE INDEX "session_owner" ON "session" (owner) WHERE owner IS NOT NULL;
