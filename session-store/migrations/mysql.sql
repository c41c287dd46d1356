-- The table of MysqlStore, for whoever makes it by hand: the store then needs SELECT, INSERT,
-- UPDATE and DELETE on it and no more. `session` stands for the table's name.
--
-- A key is the public half of a session's id; the secret half is here as a digest only. Moments are
-- microseconds since 1970, UTC. Owner and data are UTF-8, kept as bytes so that 'ada', 'Ada' and
-- 'ada ' are three owners.
--
-- Keys are random, so a table in their order is written and cached all over: once it outgrew the
-- buffer pool, inserts took 3 to 5 times as long, and requests to the newest twentieth of the
-- sessions up to twice as long. Hence `id`.
--
-- The owner's index does not have expires in it: a statement that ends an owner's sessions goes
-- through them in the order of an index, and would miss a row that moved backwards in it.
CREATE TABLE IF NOT EXISTS `session` (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `key` VARBINARY(40) NOT NULL,
    revision BIGINT NOT NULL,
    present BINARY(16) NOT NULL,
    issued BIGINT NOT NULL,
    remembered BINARY(16),
    earlier BINARY(16),
    remembered_until BIGINT,
    salt BINARY(16),
    closed BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    authenticated BIGINT,
    owner VARBINARY(255),
    expiry VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    data LONGBLOB NOT NULL,
    UNIQUE KEY (`key`),
    KEY (expires),
    KEY (owner)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
