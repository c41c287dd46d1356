-- Does with an unused key what the store does with records and with indexes. KEYS: the key.
--
-- So a right that is missing is noticed before a request needs it. Whichever it is, the key is gone within a second.
local key = KEYS[1]
redis.call('SET', key, 'a', 'PX', 1000)
redis.call('SETRANGE', key, 0, redis.call('GETRANGE', key, 0, 0))
redis.call('GET', key)
redis.call('PTTL', key)
redis.call('PEXPIREAT', key, 1)
redis.call('ZADD', key, 'GT', 1, 'a')
redis.call('PEXPIREAT', key, 1)
redis.call('ZSCORE', key, 'a')
redis.call('ZCOUNT', key, 1, 1)
redis.call('ZREVRANK', key, 'a')
redis.call('ZREVRANGE', key, 0, 0)
redis.call('ZRANGEBYSCORE', key, 1, 1)
redis.call('ZREVRANGEBYSCORE', key, 1, 1)
redis.call('ZREM', key, 'a')
redis.call('DEL', key)
return 'done'
