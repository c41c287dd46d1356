-- The table of PostgresStore, for whoever makes it by hand: the store then needs SELECT, INSERT,
-- UPDATE and DELETE on it and no more. "session" stands for the table's name.
--
-- Keys are SHA-256 digests of session ids. Moments are microseconds since 1970, UTC. Owner and
-- data are UTF-8, kept as bytes so that they come back as they are whatever the database's
-- encoding is; convert_from(data, 'UTF8')::jsonb shows what is in them.
CREATE TABLE "session" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    revision bigint NOT NULL,
    public_id bytea NOT NULL,
    created bigint NOT NULL,
    seen bigint NOT NULL,
    expires bigint NOT NULL,
    authenticated bigint,
    owner bytea,
    expiry text NOT NULL,
    data bytea NOT NULL,
    previous bytea,
    remembered bigint
);
CREATE INDEX ON "session" (expires);
CREATE INDEX ON "session" (owner, expires) WHERE owner IS NOT NULL;
CREATE INDEX ON "session" (previous) WHERE previous IS NOT NULL;
