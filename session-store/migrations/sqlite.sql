-- The tables of SqliteStore. "session" stands for the table's name.
--
-- A key is the public half of a session's id; secrets are stored as digests. Moments are
-- microseconds since 1970, UTC. Further columns and indexes are the application's.
--
-- Keys are random, so a table WITHOUT ROWID would be written all over: inserts took 40 % longer,
-- and twice as long with 2 kB of data. `data` is last because lists read the columns before it.
CREATE TABLE "session" (
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
CREATE INDEX "session_devices" ON "session" (owner, created, key) WHERE owner IS NOT NULL;
CREATE INDEX "session_tag" ON "session" (tag) WHERE tag IS NOT NULL;

-- The versions that the table has had, each with the oldest one whose programs can still use it.
-- (user_version belongs to the whole file, and so to the application.)
CREATE TABLE IF NOT EXISTS "session_version" (version INTEGER PRIMARY KEY, oldest INTEGER NOT NULL) STRICT;
-- It fails on another table of this name.
DELETE FROM "session_version" WHERE version > 0 AND oldest > 0;
INSERT INTO "session_version" VALUES (2, 1);
