-- The table of MysqlStore, for whoever makes it by hand: the store then needs SELECT, INSERT,
-- UPDATE and DELETE on it and no more. `session` stands for the table's name.
--
-- Keys are SHA-256 digests of session ids. Moments are microseconds since 1970, UTC. Owner and
-- data are UTF-8, kept as bytes so that 'ada', 'Ada' and 'ada ' are three owners.
--
-- The owner's index does not have expires in it: a statement that ends an owner's sessions goes
-- through them in the order of an index, and a row that moved backwards in it would be missed.
CREATE TABLE IF NOT EXISTS `session` (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `key` BINARY(32) NOT NULL,
    revision BIGINT NOT NULL,
    public_id BINARY(16) NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    authenticated BIGINT,
    owner VARBINARY(255),
    expiry VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    data LONGBLOB NOT NULL,
    previous BINARY(32),
    remembered BIGINT,
    UNIQUE KEY (`key`),
    KEY (expires),
    KEY (owner),
    KEY (previous)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
