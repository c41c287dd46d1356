-- The tables of PostgresStore. If they are made by hand, the store needs only SELECT, INSERT, UPDATE
-- and DELETE on the first and SELECT on the second. "session" stands for the table's name.
--
-- A key is the public half of a session's id; secrets are stored as digests. Moments are
-- microseconds since 1970, UTC. Texts are UTF-8, stored as bytes to be independent of the database's
-- encoding; convert_from(data, 'UTF8')::jsonb shows the values. Further columns and indexes are the
-- application's.
CREATE TABLE "session" (
    key bytea PRIMARY KEY,
    revision bigint NOT NULL,
    present bytea NOT NULL,
    issued bigint NOT NULL,
    remembered bytea,
    earlier bytea,
    remembered_until bigint,
    salt bytea,
    closed boolean NOT NULL,
    created bigint NOT NULL,
    seen bigint NOT NULL,
    expires bigint NOT NULL,
    authenticated bigint,
    owner bytea,
    expiry text NOT NULL,
    label bytea,
    address bytea,
    tag bytea,
    credential bytea,
    data bytea NOT NULL
);
CREATE INDEX ON "session" (expires);
CREATE INDEX "session_devices" ON "session" (owner, created, key) WHERE owner IS NOT NULL;
CREATE INDEX "session_tag" ON "session" (tag) WHERE tag IS NOT NULL;

-- The versions that the table has had, each with the oldest one whose programs can still use it.
CREATE TABLE IF NOT EXISTS "session_version" (version bigint PRIMARY KEY, oldest bigint NOT NULL);
-- It fails on another table of this name.
DELETE FROM "session_version" WHERE version > 0 AND oldest > 0;
INSERT INTO "session_version" VALUES (2, 1);
