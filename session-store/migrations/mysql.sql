-- The tables of MysqlStore. If they are made by hand, the store needs only SELECT, INSERT, UPDATE and
-- DELETE on the first and SELECT on the second. `session` stands for the table's name.
--
-- A key is the public half of a session's id; secrets are stored as digests. Moments are
-- microseconds since 1970, UTC. Texts are UTF-8, stored as bytes so that 'ada', 'Ada' and 'ada ' are
-- three owners. Further columns and indexes are the application's.
--
-- Keys are random, so a table in their order would be written and cached all over: once larger than
-- the buffer pool, inserts took 3 to 5 times as long, and requests to the newest twentieth of the
-- sessions up to twice as long. Hence `id`.
--
-- The owner's index does not contain expires: a statement that ends an owner's sessions reads them
-- in the order of the index, and would miss a row that moves backwards in it. (A session's `created`
-- does not change.)
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
    label VARBINARY(255),
    address VARBINARY(255),
    tag VARBINARY(255),
    credential BINARY(16),
    data LONGBLOB NOT NULL,
    UNIQUE KEY (`key`),
    KEY (expires),
    KEY devices (owner, created, `key`),
    KEY tag (tag)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The versions that the table has had, each with the oldest one whose programs can still use it.
CREATE TABLE IF NOT EXISTS `session_version` (
    version BIGINT NOT NULL PRIMARY KEY,
    oldest BIGINT NOT NULL
) ENGINE = InnoDB;
-- It fails on another table of this name.
DELETE FROM `session_version` WHERE version > 0 AND oldest > 0;
INSERT INTO `session_version` VALUES (2, 1);
