-- The table of PostgresStore. If it is created by hand, the store needs only SELECT, INSERT, UPDATE
-- and DELETE on it. "session" stands for the table's name.
--
-- A key is the public half of a session's id; secrets are stored as digests. Moments are
-- microseconds since 1970, UTC. Owner and data are UTF-8, stored as bytes to be independent of the
-- database's encoding; convert_from(data, 'UTF8')::jsonb shows the values.
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
CREATE INDEX ON "session" (owner) WHERE owner IS NOT NULL;
