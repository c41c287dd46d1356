-- The table of PostgresStore, for whoever makes it by hand: the store then needs SELECT, INSERT,
-- UPDATE and DELETE on it and no more. "session" stands for the table's name.
--
-- A key is the public half of a session's id; the secret half is here as a digest only. Moments are
-- microseconds since 1970, UTC. Owner and data are UTF-8, kept as bytes so that they come back as
-- they are whatever the database's encoding is; convert_from(data, 'UTF8')::jsonb shows what is in
-- them.
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
    data bytea NOT NULL
);
CREATE INDEX ON "session" (expires);
CREATE INDEX ON "session" (owner) WHERE owner IS NOT NULL;
